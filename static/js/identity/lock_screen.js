// The lock screen: the page stays as it is, hidden and out of reach, until somebody signs in again.
import { prove, readStatus, setDoors } from '../core/api.js';
import { focusSoon } from '../core/focus.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { isAway } from '../core/polling.js';
import { signInForm } from './sign_in.js';

const root = document.documentElement;
const waiting = [];
let screen = null;
let title = '';

/** Cover the page; resolves to true once the same person has signed in again. */
export function cover() {
  if (!isAway()) screen.open();
  return new Promise((resolve) => { waiting.push(resolve); });
}

/** End the session in this browser and cover the page. */
export function lockScreen() {
  cover();
  screen.ready = endSession();
}

async function endSession() {
  try {
    await prove('/session/end');
  } catch (problem) {
    if (problem.status !== 401) screen.fault = { message: problem.message, hint: problem.hint }; // 401: it had ended before
  }
}

export function lockOverlay() {
  return joined(signInForm(() => screen.reopen()), {
    isOpen: false,

    init() {
      screen = this;
      this.name = root.dataset.person || '';
      setDoors({ signIn: cover });
      this.$el.addEventListener('cancel', (event) => event.preventDefault());
      this.$el.addEventListener('close', () => { // a browser lets a second Escape through
        if (!isAway()) return;
        this.$root.showModal();
        this.aim();
      });
    },
    get title() { return t(this.step === 'password' ? 'sign_in.title_away' : `sign_in.title_${this.step}`); },
    get lead() { return t(this.step === 'password' ? 'sign_in.lead_away' : `sign_in.lead_${this.step}`); },
    aim() { focusSoon(() => (this.name ? this.$refs.password : this.$refs.name)); },
    open() {
      title = document.title;
      root.dataset.away = 'true';
      document.title = t('sign_in.away_title');
      this.wipe();
      this.ready = readStatus().catch(() => null); // the token of the session that ended is void
      this.isOpen = true;
      this.$root.showModal();
      this.aim();
    },
    async reopen() {
      const { person } = await readStatus();
      if (person.name !== root.dataset.person || person.role !== root.dataset.role) {
        location.reload(); // what the page holds is not for another
        return;
      }
      root.dataset.away = 'false';
      document.title = title;
      this.isOpen = false;
      this.$root.close();
      waiting.splice(0).forEach((resolve) => resolve(true));
      window.dispatchEvent(new CustomEvent('quantbox:signed-in'));
    },
  });
}
