// Where to go after the entry, and the one-use token by which the program's own window becomes a known device.
import { prove } from '../core/api.js';

/** Return where the reader wanted to go: only an address of this very program. */
export function target() {
  const next = new URLSearchParams(location.search).get('next') || '/';
  try {
    // as the browser itself reads it: it drops tabs and line ends, and takes a backslash for a slash
    const address = new URL(next, location.origin);
    return address.origin === location.origin ? address.href : '/';
  } catch {
    return '/';
  }
}

/** Use the launch token of the address, if there is one; returns whether it signed this browser in. */
export async function launch() {
  const token = /^#launch=(.+)$/.exec(location.hash);
  if (!token) return false;
  history.replaceState(null, '', location.pathname + location.search);
  try {
    return (await prove('/session/launch', { token: decodeURIComponent(token[1]) })).state === 'signed_in';
  } catch {
    return false; // used before, or the store is locked: the form is there
  }
}
