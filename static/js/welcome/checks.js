// Is the computer ready: what the first page of the wizard looks at.
import { bytes } from '../core/format.js';
import { t } from '../core/i18n.js';

const CLOCK_SECONDS = 120;
const ROOM_BYTES = 2 * 2 ** 30;

/** Return the findings on the program of `status`, whose clock differs by `clockSeconds`. */
export function examine({ version, place }, clockSeconds) {
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(location.hostname);
  const random = typeof crypto !== 'undefined' && typeof crypto.getRandomValues === 'function';
  const modern = typeof HTMLDialogElement === 'function' && typeof WebSocket === 'function' && CSS.supports('color', 'color-mix(in srgb, red, blue)');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const room = place !== null && place.is_writable && place.free_bytes >= ROOM_BYTES;
  const roomText = place ? t(place.is_writable ? (room ? 'welcome.check_disk_ok' : 'welcome.check_disk_small') : 'welcome.check_disk_locked', { free: bytes(place.free_bytes) }) : '';
  const exact = clockSeconds < CLOCK_SECONDS;
  return [
    { key: 'program', ok: true, label: t('welcome.check_program'), text: t('welcome.check_program_ok', { version }) },
    ...(place ? [{ key: 'disk', ok: room, bearable: place.is_writable, label: t('welcome.check_disk'), text: roomText }] : []),
    { key: 'local', ok: local, bearable: true, label: t('welcome.check_local'), text: t(local ? 'welcome.check_local_ok' : 'welcome.check_local_bad', { host: location.hostname }) },
    { key: 'random', ok: random, label: t('welcome.check_random'), text: t(random ? 'welcome.check_random_ok' : 'welcome.check_random_bad') },
    { key: 'browser', ok: modern, label: t('welcome.check_browser'), text: t(modern ? 'welcome.check_browser_ok' : 'welcome.check_browser_bad') },
    { key: 'clock', ok: exact, label: t('welcome.check_clock'), text: t(exact ? 'welcome.check_clock_ok' : 'welcome.check_clock_bad', { zone }) },
  ];
}
