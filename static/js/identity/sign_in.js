// Signing in: name and password, then the second factor; the owner's first password for a store that has none; a forgotten one.
import { prove, readStatus } from '../core/api.js';
import { focusSoon } from '../core/focus.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { secondFactor } from './second_factor.js';

const NOT_JUDGED = { level: 0, word: '', note: '', meter: [] };

/** Return the component of a sign-in form; `finish(answer)` is called once somebody is signed in. */
export function signInForm(finish) {
  return joined(secondFactor, {
    proofBase: '/session',
    proofPath: '/session/code',
    step: 'password',
    name: '',
    password: '',
    phrase: '',
    fresh: '',
    again: '',
    shown: false,
    judge: null,
    busy: false,
    fault: null,
    ready: Promise.resolve(), // what has to be over before anything can be proven: the session that ends

    get title() { return t(`sign_in.title_${this.step}`); },
    get lead() { return t(`sign_in.lead_${this.step}`); },
    get freshStrength() { return this.judge ? this.judge(this.fresh) : NOT_JUDGED; },
    get fieldType() { return this.shown ? 'text' : 'password'; },
    toggleShown() { this.shown = !this.shown; },
    get differs() { return this.again !== '' && this.again !== this.fresh; },
    get canEnter() { return this.name.trim() !== '' && this.password !== '' && !this.busy; },
    get canSet() { return this.phrase !== '' && this.fresh !== '' && this.again === this.fresh && !this.busy; },
    /** Say what was wrong, and put the cursor where it can be mended. */
    async trying(act, reference) {
      this.busy = true;
      this.fault = null;
      try {
        await this.ready;
        await act();
      } catch (problem) {
        this.fault = { message: problem.message, hint: problem.hint, code: problem.code, facts: problem.facts };
        if (problem.code === 'vault.locked') location.assign('/unlock');
        this.$nextTick(() => this.$refs[reference] && this.$refs[reference].select());
      }
      this.busy = false;
    },
    async proven(answer) { await this.take(answer); },
    async take(answer) {
      if (answer.state === 'second_factor') {
        this.password = '';
        this.step = 'second';
        this.offer(answer.methods);
        return;
      }
      this.wipe();
      await finish(answer);
    },
    wipe() {
      Object.assign(this, { password: '', phrase: '', fresh: '', again: '', code: '', fault: null, step: 'password' });
    },
    async enter() {
      if (!this.canEnter) return;
      await this.trying(async () => { await this.take(await prove('/session/password', { name: this.name.trim(), password: this.password })); }, 'password');
    },
    startOver() {
      this.wipe();
      focusSoon(() => this.$refs.password);
    },
    forget() {
      this.fault = null;
      this.methods = [];
      this.method = '';
      focusSoon(() => this.$refs.phrase);
      return this.askNew('forgotten');
    },
    /** Ask for a new password, whose strength is shown; what judges it is fetched now, for it is seldom needed. */
    async askNew(step) {
      this.step = step;
      this.judge = (await import('../security/strength.js')).described;
    },
    /** A store of the first version: prove the pass phrase, choose name and password. */
    async setOwner() {
      if (!this.canSet || !this.name.trim()) return;
      await this.trying(async () => { await this.take(await prove('/owner/password', { passphrase: this.phrase, name: this.name.trim(), password: this.fresh })); }, 'phrase');
    },
    async reset() {
      if (!this.canSet) return;
      const body = { passphrase: this.phrase, new_password: this.fresh, ...(this.code && { method: this.method, code: this.code.trim() }) };
      await this.trying(async () => { await this.take(await prove('/session/reset-password', body)); }, 'phrase');
      const asked = this.fault && this.fault.facts && this.fault.facts.methods;
      if (asked) this.offer((Array.isArray(asked) ? asked : String(asked).split(/[,\s]+/)).filter((one) => one !== 'passkey'));
    },
    submitNew() { return this.step === 'owner' ? this.setOwner() : this.reset(); },
    /** Take over what was typed, or filled in by the browser, before this module was there. */
    adopt(form) {
      this.name = form.querySelector('#sign-in-name').value;
      this.password = form.querySelector('#sign-in-password').value;
    },
    /** Find out which form this browser needs; what is typed meanwhile stays. */
    async look() {
      try {
        const status = await readStatus();
        if (status.state === 'new') location.replace('/welcome');
        else if (status.state === 'locked') location.replace('/unlock');
        else if (status.state === 'signed_in') await finish(status);
        else if (status.owner_password_missing) await this.askNew('owner');
      } catch (problem) {
        this.fault = { message: problem.message, hint: problem.hint };
      }
    },
  });
}
