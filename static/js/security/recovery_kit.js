// The recovery kit: made once, shown once, confirmed by typing some of its groups.
import { post } from '../core/api.js';
import { focusSoon } from '../core/focus.js';
import { dateTime } from '../core/format.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { tryingAs } from '../core/trying.js';

/** For a component with `fieldType`; `kitDone()` is called once the kit is confirmed. */
export const recoveryKit = joined(tryingAs('kitTrying', 'kitBusy', 'kitFault'), {
  kit: null,
  kitStage: 'ask',
  kitPhrase: '',
  kitTyped: [],

  get kitGroups() { return this.kit ? this.kit.code.split(/[-\s]+/).map((text, index) => ({ number: index + 1, text })) : []; },
  get kitAsked() { return this.kit ? this.kit.confirm.map((number, index) => ({ number, index, id: `kit-group-${number}`, label: t('kit.group', { n: number }) })) : []; },
  get kitMade() { return this.kit ? dateTime(this.kit.created_at) : ''; },
  get kitStore() { return this.kit ? this.kit.store_id : ''; },
  get canMakeKit() { return this.kitPhrase !== '' && !this.kitBusy; },
  get canConfirmKit() { return !this.kitBusy && this.kitAsked.every(({ index }) => (this.kitTyped[index] || '').trim() !== ''); },
  async makeKit() {
    if (!this.canMakeKit) return;
    await this.kitTrying(async () => {
      this.kit = await post('/vault/recovery-kit', { passphrase: this.kitPhrase });
      this.kitPhrase = '';
      this.kitTyped = this.kit.confirm.map(() => '');
      this.kitStage = 'shown';
    });
  },
  printKit() { window.print(); },
  typeKit() {
    this.kitStage = 'typing';
    focusSoon(() => this.$root.querySelector('.kit-typed input'));
  },
  showKit() { this.kitStage = 'shown'; },
  async confirmKit() {
    if (!this.canConfirmKit) return;
    await this.kitTrying(async () => {
      await post('/vault/recovery-kit/confirm', { groups: this.kitTyped.map((text) => text.trim()) });
      this.forgetKit();
      this.kitStage = 'done';
      await this.kitDone();
    });
  },
  /** Leave nothing of it in the page. */
  forgetKit() { Object.assign(this, { kit: null, kitPhrase: '', kitTyped: [], kitFault: null }); },
});
