// Asking again and again, for what no news tells of; not while nobody is signed in, when there is nothing to read.

/** Return whether the lock screen covers the page. */
export const isAway = () => document.documentElement.dataset.away === 'true';

let isStill = false;

/** Say whether the page stays as it is: while the store under it is replaced nothing is asked, or the answer would lead away. */
export function holdStill(still) {
  isStill = still;
}

/** Return whether nothing is to be asked now. */
export const isQuiet = () => isStill || isAway();

/** Do `act` now and every so many milliseconds, one at a time, until the returned function is called. */
export function every(milliseconds, act) {
  let isRunning = false;
  const ask = async () => {
    if (isRunning || isQuiet()) return;
    isRunning = true;
    try {
      await act();
    } finally {
      isRunning = false;
    }
  };
  const timer = setInterval(ask, milliseconds);
  ask();
  return () => clearInterval(timer);
}
