// The phone for SMS codes: the number, the first code, taking it away.
import { post, remove } from '../core/api.js';
import { confirm, complain, toast } from '../core/feedback.js';
import { focusSoon } from '../core/focus.js';
import { t } from '../core/i18n.js';

/** For a component made with `trying` that has `factors`, `read()` and `showCodes(codes)`. */
export const phone = {
  phoneNumber: '',
  phoneCode: '',
  phoneSent: false,

  get smsNote() {
    if (!this.factors) return '';
    if (this.factors.sms) return t('security.sms_on', { phone: this.factors.sms.phone_masked });
    return t(this.factors.sms_possible ? 'security.sms_off' : 'security.sms_unset');
  },
  get canSendPhone() { return /^\+?[\d\s-]{6,20}$/.test(this.phoneNumber.trim()) && !this.busy; },
  get canConfirmPhone() { return /^\d{4,8}$/.test(this.phoneCode.trim()) && !this.busy; },
  openPhone() {
    Object.assign(this, { phoneNumber: '', phoneCode: '', phoneSent: false });
    this.openForm('phone');
  },
  async sendPhone() {
    if (!this.canSendPhone) return;
    this.phoneSent = await this.trying(() => post('/me/sms', { phone: this.phoneNumber.replace(/[\s-]/g, '') }));
    if (this.phoneSent) focusSoon(() => this.$refs.phoneCode);
  },
  async confirmPhone() {
    if (!this.canConfirmPhone) return;
    let codes = null;
    if (!(await this.trying(async () => { codes = (await post('/me/sms/confirm', { code: this.phoneCode.trim() })).recovery_codes; }))) return;
    this.closeForm('phone');
    toast(t('security.sms_added'));
    this.showCodes(codes);
    await this.read();
  },
  async dropPhone() {
    if (!(await confirm({ title: t('security.sms_drop_title'), body: t('security.sms_drop_body'), action: t('action.delete'), danger: true }))) return;
    try {
      await remove('/me/sms');
      await this.read();
    } catch (problem) {
      complain(problem);
    }
  },
};
