// 设置 › 数据保险箱: what opens the data, changing it, the recovery kit, and turning the keys.
import { get, post, put, remove } from '../core/api.js';
import { start } from '../core/app.js';
import { confirm, toast } from '../core/feedback.js';
import { focusSoon } from '../core/focus.js';
import { dateTime, number } from '../core/format.js';
import { knows, pick, t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { reading, trying } from '../core/trying.js';
import { recoveryKit } from '../security/recovery_kit.js';
import { newSecret } from '../security/strength.js';
import { rotation } from './rotation.js';

function vault() {
  return joined(trying, reading, newSecret, recoveryKit, rotation, {
    vault: null,
    phrase: '',
    code: '',
    changeBy: 'phrase',
    kms: { endpoint: '', key_id: '', access_key_id: '', access_key_secret: '' },
    asking: '',

    async init() { await this.read(); },
    async read() {
      await this.reading(async () => {
        this.vault = await get('/vault');
      });
    },
    has(kind) { return this.vault !== null && this.vault.wrappers.some((one) => one.kind === kind); },
    get kdfText() {
      if (!this.vault) return '';
      const { algorithm, memory_kib: memory, iterations } = this.vault.kdf;
      return t('safe.kdf', { algorithm: knows(`kdf.${algorithm}`) ? t(`kdf.${algorithm}`) : algorithm, memory: number(memory / 1024, 0), iterations });
    },
    get epochText() { return this.vault ? t('safe.epoch', { n: this.vault.epoch, time: this.vault.rotated_at ? dateTime(this.vault.rotated_at) : t('safe.never_rotated') }) : ''; },
    get kitNote() {
      if (!this.vault || !this.vault.recovery_kit) return t('safe.no_kit');
      const { created_at: made, is_confirmed: confirmed } = this.vault.recovery_kit;
      return t(confirmed ? 'safe.kit_ok' : 'safe.kit_unconfirmed', { time: dateTime(made) });
    },
    get isKitMissing() { return this.vault !== null && (!this.vault.recovery_kit || !this.vault.recovery_kit.is_confirmed); },
    get keychainNote() {
      if (!this.vault) return '';
      const { is_available: available, reason } = this.vault.keychain;
      return available ? t(this.has('keychain') ? 'safe.keychain_on' : 'safe.keychain_off') : pick(reason);
    },

    get kmsNote() {
      const way = this.vault && this.vault.wrappers.find((one) => one.kind === 'kms');
      return way ? t('safe.kms_on', { where: way.detail }) : t('safe.kms_note');
    },

    /** Ask for the pass phrase once more; `name` tells for what. */
    ask(name) {
      Object.assign(this, { asking: name, phrase: '', shown: false });
      this.openForm('phrase');
    },
    get askTitle() { return this.asking ? t(`safe.ask_${this.asking}`) : ''; },
    get askBody() { return this.asking ? t(`safe.ask_${this.asking}_body`) : ''; },
    get isDangerous() { return this.asking === 'kit_drop' || this.asking === 'keychain_off' || this.asking === 'kms_off'; },
    get canAnswer() { return this.phrase !== '' && !this.busy; },
    async answer() {
      if (!this.canAnswer) return;
      const passphrase = this.phrase;
      const acts = {
        kit_drop: () => remove('/vault/recovery-kit', {}, { passphrase }),
        keychain_on: () => put('/vault/keychain', { is_enabled: true, passphrase }),
        keychain_off: () => put('/vault/keychain', { is_enabled: false, passphrase }),
        kms_on: () => put('/vault/kms', { passphrase, ...this.kms }),
        kms_off: () => remove('/vault/kms', {}, { passphrase }),
      };
      if (!(await this.trying(acts[this.asking]))) return;
      this.phrase = '';
      this.kms = { endpoint: '', key_id: '', access_key_id: '', access_key_secret: '' };
      this.closeForm('phrase');
      toast(t('settings.saved'));
      await this.read();
    },

    openPhrase() {
      Object.assign(this, { phrase: '', code: '', changeBy: 'phrase' });
      this.forgetFresh();
      this.openForm('change');
    },
    /** Prove it by the present pass phrase, or by the recovery code where that is forgotten. */
    proveBy(way) {
      Object.assign(this, { changeBy: way, phrase: '', code: '', fault: null });
      focusSoon(() => this.$root.querySelector(way === 'code' ? '#change-code' : '#old-phrase'));
    },
    get changeProof() { return this.changeBy === 'code' ? { recovery_code: this.code.trim() } : { passphrase: this.phrase }; },
    get canChange() { return Object.values(this.changeProof)[0] !== '' && this.freshGood && !this.busy; },
    async change() {
      if (!this.canChange) return;
      if (!(await this.trying(() => post('/vault/passphrase', { ...this.changeProof, new_passphrase: this.fresh })))) return;
      Object.assign(this, { phrase: '', code: '' });
      this.forgetFresh();
      this.closeForm('change');
      toast(t('safe.changed'));
      await this.read();
    },

    openKit() {
      this.forgetKit();
      this.kitStage = 'ask';
      this.openForm('kit');
    },
    async closeKit() {
      if (this.kit && !(await confirm({ title: t('safe.kit_leave_title'), body: t('safe.kit_leave_body'), action: t('kit.later_action'), danger: true }))) return;
      this.forgetKit();
      this.closeForm('kit');
      await this.read();
    },
    async kitDone() {
      this.closeForm('kit');
      toast(t('safe.kit_done'));
      await this.read();
    },
    get canKms() { return Object.values(this.kms).every((text) => text.trim() !== ''); },
    async lockVault() { window.dispatchEvent(new CustomEvent('quantbox:act', { detail: 'vault' })); },
  });
}

start({ vault });
