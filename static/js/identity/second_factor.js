// Proving a second factor: which of the offered methods, its code, the SMS, the passkey. For signing in and for proving oneself again.
import { prove } from '../core/api.js';
import { focusSoon } from '../core/focus.js';
import { t } from '../core/i18n.js';
import { passkeysWorkHere, usePasskey } from './passkeys.js';

const ORDER = ['totp', 'passkey', 'sms', 'recovery', 'password'];
const ICONS = { totp: 'clock', passkey: 'key', sms: 'phone', recovery: 'doc', password: 'keyboard' };

/** What a component needs that has `proofPath` (codes), `proofBase` (SMS and passkeys) and `proven(answer)`. */
export const secondFactor = {
  methods: [],
  method: '',
  code: '',
  codeFault: null,
  proving: false,
  sentTo: '',
  waitSeconds: 0,

  /** Offer what can work here; the strongest everyday one first. */
  offer(methods) {
    this.methods = ORDER.filter((one) => methods.includes(one) && (one !== 'passkey' || passkeysWorkHere()));
    this.choose(this.methods[0] || '');
  },
  choose(method) {
    this.method = method;
    this.code = '';
    this.codeFault = null;
    const refs = this.$refs; // now: the link that was pressed to choose leaves the page, and with it the way to them
    focusSoon(() => (method === 'passkey' ? refs.passkey : refs.code));
  },
  get otherMethods() {
    return this.methods.filter((one) => one !== this.method).map((name) => ({ name, icon: ICONS[name], label: t(`method.use_${name}`) }));
  },
  get isByCode() { return this.method !== 'passkey' && this.method !== ''; },
  get codeLabel() { return this.method ? t(`method.${this.method}`) : ''; },
  get codeNote() { return this.method ? t(`method.note_${this.method}`) : t('method.none'); },
  get codeType() { return this.method === 'password' ? 'password' : 'text'; },
  get codeMode() { return this.method === 'totp' || this.method === 'sms' ? 'numeric' : 'text'; },
  get codeAutocomplete() { return this.method === 'password' ? 'current-password' : 'one-time-code'; },
  get canSendSms() { return this.method === 'sms' && this.waitSeconds === 0 && !this.proving; },
  get smsText() {
    if (this.waitSeconds) return t('method.sms_wait', { seconds: this.waitSeconds });
    return t(this.sentTo ? 'method.sms_again' : 'method.sms_send');
  },
  get sentText() { return this.sentTo ? t('method.sms_sent', { phone: this.sentTo }) : ''; },
  get canProve() { return this.code.trim() !== '' && !this.proving; },
  async attempt(act) {
    this.proving = true;
    this.codeFault = null;
    try {
      await act();
    } catch (problem) {
      if (problem.name === 'NotAllowedError' || problem.name === 'AbortError') this.codeFault = { message: t('method.passkey_ended'), hint: '' };
      else this.codeFault = { message: problem.message, hint: problem.hint || '', code: problem.code || '' };
      this.code = '';
      focusSoon(() => this.$refs.code);
    }
    this.proving = false;
  },
  async sendSms() {
    await this.attempt(async () => {
      const sent = await prove(`${this.proofBase}/sms`);
      this.sentTo = sent.sent_to;
      this.waitSeconds = sent.retry_after_seconds;
      const timer = setInterval(() => {
        this.waitSeconds = Math.max(0, this.waitSeconds - 1);
        if (!this.waitSeconds) clearInterval(timer);
      }, 1000);
    });
  },
  async proveCode() {
    if (!this.canProve) return;
    const code = this.method === 'password' ? this.code : this.code.trim();
    await this.attempt(async () => { await this.proven(await prove(this.proofPath, { method: this.method, code })); });
  },
  async provePasskey() {
    await this.attempt(async () => {
      const options = await prove(`${this.proofBase}/passkey/options`);
      await this.proven(await prove(`${this.proofBase}/passkey`, { credential: await usePasskey(options) }));
    });
  },
};
