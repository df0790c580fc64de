// The passkeys of the person: adding one on this device, taking one away.
import { post, remove } from '../core/api.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { t } from '../core/i18n.js';
import { createPasskey } from '../identity/passkeys.js';

/** For a component with `factors`, `read()` and `showCodes(codes)`. */
export const passkeyList = {
  passkeyName: '',
  passkeyBusy: false,

  get passkeys() { return this.factors ? this.factors.passkeys : []; },
  get passkeyNote() {
    if (!this.factors) return '';
    return this.factors.passkeys_possible ? t('security.passkey_note') : this.passkeyReason;
  },
  get passkeyReason() { return this.$pick(this.factors.passkeys_reason) || t('security.passkey_not_here'); },
  get canAddPasskey() { return this.factors !== null && this.factors.passkeys_possible && this.passkeyName.trim() !== '' && !this.passkeyBusy; },
  async addPasskey() {
    if (!this.canAddPasskey) return;
    this.passkeyBusy = true;
    try {
      const credential = await createPasskey(await post('/me/passkeys/options'));
      const { recovery_codes: codes } = await post('/me/passkeys', { name: this.passkeyName.trim(), credential });
      this.passkeyName = '';
      toast(t('security.passkey_added'));
      this.showCodes(codes);
      await this.read();
    } catch (problem) {
      if (problem.name === 'InvalidStateError') toast(t('security.passkey_known'), { kind: 'warn' });
      else if (problem.name === 'NotAllowedError' || problem.name === 'AbortError') toast(t('method.passkey_ended'), { kind: 'warn' });
      else complain(problem);
    }
    this.passkeyBusy = false;
  },
  async dropPasskey(passkey) {
    if (!(await confirm({ title: t('security.passkey_drop_title', { name: passkey.name }), body: t('security.passkey_drop_body'), action: t('action.delete'), danger: true }))) return;
    try {
      await remove(`/me/passkeys/${encodeURIComponent(passkey.id)}`);
      await this.read();
    } catch (problem) {
      complain(problem);
    }
  },
};
