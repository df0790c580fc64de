// Enrolling an authenticator app: the picture, the first code, the recovery codes.
import { post } from '../core/api.js';
import { focusSoon } from '../core/focus.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { tryingAs } from '../core/trying.js';
import { recoveryCodes } from './recovery_codes.js';

/** For a component; `totpDone()` is called once the app is enrolled. */
export const totp = joined(recoveryCodes, tryingAs('totpTrying', 'totpBusy', 'totpFault'), {
  enrolment: null,
  totpCode: '',

  get totpPicture() { return this.enrolment ? `data:image/svg+xml;utf8,${encodeURIComponent(this.enrolment.qr_svg)}` : ''; },
  get totpSecret() { return this.enrolment ? this.enrolment.secret.replace(/(.{4})(?=.)/g, '$1 ') : ''; },
  get canConfirmTotp() { return /^\d{6}$/.test(this.totpCode.replace(/\s/g, '')) && !this.totpBusy; },
  get totpActionText() { return t(this.totpBusy ? 'method.proving' : 'totp.confirm'); },
  async beginTotp() {
    await this.totpTrying(async () => {
      this.enrolment = await post('/me/totp');
      this.totpCode = '';
      focusSoon(() => this.$refs.totpCode);
    });
  },
  async confirmTotp() {
    if (!this.canConfirmTotp) return;
    await this.totpTrying(async () => {
      const { recovery_codes: codes } = await post('/me/totp/confirm', { code: this.totpCode.replace(/\s/g, '') });
      this.enrolment = null;
      this.showCodes(codes);
      await this.totpDone();
    });
    this.totpCode = '';
  },
});
