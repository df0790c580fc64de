// The first run: is the computer ready, the pass phrase, the owner, the recovery kit, the second factor, the first data and backtest.
import { get, prove, readStatus } from '../core/api.js';
import { start } from '../core/app.js';
import { bar } from '../core/bar.js';
import { confirm } from '../core/feedback.js';
import { focusSoon } from '../core/focus.js';
import { pick, t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { plainBar } from '../entry/plain_bar.js';
import { restoring } from '../backup/restoring.js';
import { recoveryKit } from '../security/recovery_kit.js';
import { totp } from '../security/totp.js';
import { examine } from './checks.js';
import { firstData } from './first_data.js';
import { newOwner, newPhrase } from './secrets.js';

const STEPS = ['check', 'passphrase', 'owner', 'kit', 'factor', 'data'];

function welcome() {
  return joined(plainBar, newPhrase, newOwner, recoveryKit, totp, restoring, firstData, {
    step: 'check',
    version: '',
    checks: [],
    restoreFree: null,
    shown: false,
    busy: false,
    fault: null,

    async init() {
      if (location.hash.startsWith('#launch=')) history.replaceState(null, '', location.pathname);
      try {
        const asked = Date.now();
        const answer = await fetch('/api/v1/status', { headers: { Accept: 'application/json' } });
        await answer.text(); // an answer left unread keeps its connection
        const served = new Date(answer.headers.get('Date') || asked).getTime();
        const status = await readStatus();
        this.version = status.version;
        this.restoreFree = status.place && status.place.free_bytes;
        this.checks = examine(status, Math.abs(Date.now() - served) / 1000);
        if (status.state === 'signed_in') await this.resume();
        else if (status.state !== 'new') location.assign('/');
      } catch (problem) {
        this.fault = { message: problem.message, hint: problem.hint };
      }
    },
    /** Go on where the wizard was left: at the first thing that is not done yet. */
    async resume() {
      const [vault, factors] = await Promise.all([get('/vault'), get('/me/factors')]);
      if (!vault.recovery_kit || !vault.recovery_kit.is_confirmed) this.go('kit');
      else this.go(factors.totp || factors.passkeys.length ? 'data' : 'factor');
    },
    go(step) {
      this.step = step;
      this.fault = null;
      scrollTo(0, 0);
      focusSoon(() => this.$root.querySelector(`[data-step="${step}"] [data-first]`));
    },
    get checksFine() { return this.checks.length > 0 && this.checks.every((check) => check.ok || check.bearable); },
    get place() { return STEPS.indexOf(this.step); },
    get steps() {
      return STEPS.map((name, index) => ({ name, number: index + 1, title: t(`welcome.step_${name}`), note: t(`welcome.note_${name}`), done: index < this.place, current: index === this.place }));
    },
    get stepText() { return t('welcome.step_of', { n: this.place + 1, total: STEPS.length }); },
    get fieldType() { return this.shown ? 'text' : 'password'; },
    toggleShown() { this.shown = !this.shown; },

    back() { this.go(STEPS[this.place - 1]); },
    toPassphrase() { this.go('passphrase'); },
    toOwner() {
      if (this.phraseMissing) return;
      this.shown = false;
      this.go('owner');
    },
    async create() {
      if (this.ownerMissing || this.busy) return;
      this.busy = true;
      this.fault = null;
      try {
        await prove('/vault/create', { passphrase: this.phrase, name: this.ownerName.trim(), password: this.password });
        document.documentElement.dataset.person = this.ownerName.trim();
        document.documentElement.dataset.role = 'owner';
        Object.assign(this, { kitPhrase: this.phrase, password: '', passwordAgain: '', shown: false });
        this.forgetPhrase();
        this.go('kit');
        await this.makeKit();
      } catch (problem) {
        this.fault = { message: problem.message, hint: problem.hint };
      }
      this.busy = false;
    },

    async kitDone() { await this.toFactor(); },
    async toFactor() {
      this.go('factor');
      await this.beginTotp();
    },
    async putOffKit() {
      if (!(await confirm({ title: t('kit.later_title'), body: t('kit.later_body'), action: t('kit.later_action'), danger: true }))) return;
      this.forgetKit();
      await this.toFactor();
    },
    async totpDone() { if (!this.codes.length) this.go('data'); },
    get isEnrolled() { return this.codes.length > 0; },
    codesKept() {
      this.forgetCodes();
      this.go('data');
    },
    async putOffFactor() {
      if (!(await confirm({ title: t('totp.later_title'), body: t('totp.later_body'), action: t('totp.later_action') }))) return;
      this.enrolment = null;
      this.go('data');
    },
    bar, pick,
  });
}

start({ welcome });
