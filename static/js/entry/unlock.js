// Opening the store: the pass phrase or the recovery kit. Who works with it signs in afterwards.
import { prove } from '../core/api.js';
import { start } from '../core/app.js';
import { focusSoon } from '../core/focus.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { launch, target } from './launch.js';
import { plainBar } from './plain_bar.js';

function unlock() {
  return joined(plainBar, {
    way: 'phrase',
    phrase: '',
    code: '',
    shown: false,
    busy: false,
    fault: null,
    waitSeconds: 0,

    async init() {
      this.phrase = this.$el.querySelector('#passphrase').value; // typed or filled in before this module was there
      if (await launch()) location.replace(target());
      else if (!this.phrase) this.$refs.phrase.focus();
    },
    get fieldType() { return this.shown ? 'text' : 'password'; },
    toggleShown() { this.shown = !this.shown; },
    use(way) {
      Object.assign(this, { way, fault: null });
      focusSoon(() => this.$refs[way]);
    },
    get canOpen() { return (this.way === 'phrase' ? this.phrase !== '' : this.code.trim() !== '') && !this.busy && this.waitSeconds === 0; },
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
        if (this.way === 'phrase') await prove('/vault/unlock', { passphrase: this.phrase });
        else await prove('/vault/unlock-by-recovery', { code: this.code.trim() });
        Object.assign(this, { phrase: '', code: '' });
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
