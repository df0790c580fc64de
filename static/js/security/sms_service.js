// The owner's SMS service at Aliyun, off until it is configured.
import { get, post, put } from '../core/api.js';
import { toast } from '../core/feedback.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { trying } from '../core/trying.js';

const PROVIDERS = ['off', 'aliyun_company', 'aliyun_personal'];

/** Lies in a component with `read()`, which tells anew whether a phone can be enrolled. */
export function smsService() {
  return joined(trying, {
    sms: null,
    keySecret: '',
    testPhone: '',

    async init() { await this.trying(async () => { this.sms = await get('/settings/sms'); }); },
    get providers() { return PROVIDERS.map((name) => ({ name, label: t(`sms.${name}`) })); },
    isProvider(name) { return this.sms !== null && this.sms.provider === name; },
    choose(name) { this.sms.provider = name; },
    get needs() { return this.sms !== null && this.sms.provider !== 'off'; },
    get isCompany() { return this.sms !== null && this.sms.provider === 'aliyun_company'; },
    get isPersonal() { return this.sms !== null && this.sms.provider === 'aliyun_personal'; },
    async save() {
      const { provider, access_key_id: keyId, sign_name: sign, template_code: template, scheme_name: scheme } = this.sms;
      const body = { provider };
      if (provider !== 'off') Object.assign(body, { access_key_id: keyId, sign_name: sign, template_code: template, ...(scheme && { scheme_name: scheme }), ...(this.keySecret && { access_key_secret: this.keySecret }) });
      if (!(await this.trying(async () => { this.sms = await put('/settings/sms', body); }))) return;
      this.keySecret = '';
      toast(t('settings.saved'));
      await this.read();
    },
    get canTest() { return this.needs && /^\+?\d{6,20}$/.test(this.testPhone.trim()) && !this.busy; },
    async test() {
      if (this.canTest && (await this.trying(() => post('/settings/sms/test', { phone: this.testPhone.trim() })))) toast(t('sms.test_sent'));
    },
  });
}
