// Asking again and again, for what no news tells of; not while nobody is signed in, when there is nothing to read.

/** Return whether the lock screen covers the page. */
export const isAway = () => document.documentElement.dataset.away === 'true';

/** Do `act` now and every so many milliseconds, one at a time, until the returned function is called. */
export function every(milliseconds, act) {
  let isRunning = false;
  const ask = async () => {
    if (isRunning || isAway()) return;
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
