// Opening the store: the pass phrase, the recovery kit, or the cloud key service. Who works with it signs in afterwards.
import { prove, readStatus } from '../core/api.js';
import { start } from '../core/app.js';
import { focusSoon } from '../core/focus.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { launch, target } from './launch.js';
import { plainBar } from './plain_bar.js';

/** What proves it in each way: where it is sent, and the fields it takes. */
const WAYS = {
  phrase: { path: '/vault/unlock', fields: { phrase: 'passphrase' } },
  code: { path: '/vault/unlock-by-recovery', fields: { code: 'code' } },
  kms: { path: '/vault/unlock-by-kms', fields: { accessKeyId: 'access_key_id', accessKeySecret: 'access_key_secret' } },
};

function unlock() {
  return joined(plainBar, {
    way: 'phrase',
    phrase: '',
    code: '',
    accessKeyId: '',
    accessKeySecret: '',
    hasKms: false,
    shown: false,
    busy: false,
    fault: null,
    waitSeconds: 0,

    async init() {
      this.phrase = this.$el.querySelector('#passphrase').value; // typed or filled in before this module was there
      if (await launch()) location.replace(target());
      else {
        if (!this.phrase) this.$refs.phrase.focus();
        this.hasKms = (await readStatus()).opens_by_kms;
      }
    },
    get fieldType() { return this.shown ? 'text' : 'password'; },
    toggleShown() { this.shown = !this.shown; },
    use(way) {
      Object.assign(this, { way, fault: null });
      focusSoon(() => this.$refs[way]);
    },
    get proof() {
      const trimmed = (name) => (name === 'phrase' ? this.phrase : this[name].trim());
      return Object.fromEntries(Object.entries(WAYS[this.way].fields).map(([name, sent]) => [sent, trimmed(name)]));
    },
    get canOpen() { return Object.values(this.proof).every((text) => text !== '') && !this.busy && this.waitSeconds === 0; },
    get actionText() {
      if (this.waitSeconds) return t('unlock.wait', { seconds: this.waitSeconds });
      return t(this.busy ? 'unlock.opening' : 'unlock.action');
    },
    wait(seconds) {
      this.waitSeconds = Math.ceil(seconds);
      const timer = setInterval(() => {
        this.waitSeconds = Math.max(0, this.waitSeconds - 1);
        if (!this.waitSeconds) clearInterval(timer);
      }, 1000);
    },
    async open() {
      if (!this.canOpen) return;
      this.busy = true;
      this.fault = null;
      try {
        await prove(WAYS[this.way].path, this.proof);
        Object.assign(this, { phrase: '', code: '', accessKeyId: '', accessKeySecret: '' });
        location.assign(target()); // which asks first who signs in
      } catch (problem) {
        this.fault = { message: problem.message, hint: problem.hint };
        this.busy = false;
        if (problem.facts.retry_after_seconds) this.wait(problem.facts.retry_after_seconds);
        this.$nextTick(() => this.$refs[this.way].select());
      }
    },
  });
}

start({ unlock });
