// 设置 › 安全: the person's own password, second factors, passkeys, recovery codes and phone.
import { get, post, put, remove } from '../core/api.js';
import { start } from '../core/app.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { dateTime } from '../core/format.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { reading, trying } from '../core/trying.js';
import { passkeyList } from './passkey_list.js';
import { phone } from './phone.js';
import { newSecret } from './strength.js';
import { smsService } from './sms_service.js';
import { totp } from './totp.js';

const IDLE = [5, 240];

function security() {
  return joined(trying, reading, newSecret, totp, passkeyList, phone, {
    me: null,
    factors: null,
    current: '',
    idle: '',

    async init() {
      await this.read();
      await this.change(async () => { this.idle = String((await get('/settings')).idle_minutes); }, false);
    },
    get idleFault() { return /^\d+$/.test(this.idle.trim()) && Number(this.idle) >= IDLE[0] && Number(this.idle) <= IDLE[1] ? '' : t('security.idle_range'); },
    async saveIdle() {
      if (this.idleFault) return;
      await this.change(async () => {
        await put('/settings', { idle_minutes: Number(this.idle) });
        toast(t('settings.saved'));
      }, false);
    },
    async read() {
      await this.reading(async () => {
        [this.me, this.factors] = await Promise.all([get('/me'), get('/me/factors')]);
      });
    },
    get passwordNote() { return this.me && this.me.password_changed_at ? t('security.password_changed', { time: dateTime(this.me.password_changed_at) }) : ''; },
    get canChangePassword() { return this.current !== '' && this.freshGood && !this.busy; },
    openPassword() {
      this.current = '';
      this.forgetFresh();
      this.openForm('password');
    },
    async changePassword() {
      if (!this.canChangePassword) return;
      if (!(await this.trying(() => post('/me/password', { current_password: this.current, new_password: this.fresh })))) return;
      this.current = '';
      this.forgetFresh();
      this.closeForm('password');
      toast(t('security.password_done'));
      await this.read();
    },

    get totpNote() {
      if (!this.factors) return '';
      return this.factors.totp ? t('security.totp_on', { time: dateTime(this.factors.totp.enrolled_at) }) : t('security.totp_off');
    },
    async openTotp() {
      await this.beginTotp();
      if (this.enrolment) this.openForm('totp');
      else if (this.totpFault) toast(this.totpFault.message, { kind: 'stop', hint: this.totpFault.hint });
    },
    async totpDone() {
      this.closeForm('totp');
      toast(t('security.totp_added'));
      await this.read();
    },
    async dropTotp() {
      if (!(await confirm({ title: t('security.totp_drop_title'), body: t('security.totp_drop_body'), action: t('security.turn_off'), danger: true }))) return;
      await this.change(() => remove('/me/totp'));
    },
    get codesNote() {
      if (!this.factors) return '';
      return this.hasFactor ? t('security.codes_left', { n: this.factors.recovery_codes_left }) : t('security.codes_need_factor');
    },
    get hasFactor() { return this.factors !== null && (this.factors.totp !== null || this.factors.passkeys.length > 0 || this.factors.sms !== null); },
    async newCodes() {
      if (!(await confirm({ title: t('security.codes_title'), body: t('security.codes_body'), action: t('security.codes_new') }))) return;
      await this.change(async () => { this.showCodes((await post('/me/recovery-codes')).recovery_codes); });
    },
    async change(act, changesFactors = true) {
      try {
        await act();
        if (changesFactors) await this.read();
      } catch (problem) {
        complain(problem);
      }
    },
    dateTime,
  });
}

start({ security, smsService });
