// What the wizard asks for twice and judges: the pass phrase, the owner's password; and what still misses in each.
import { t } from '../core/i18n.js';
import { thinkUp } from '../security/passphrase.js';
import { described } from '../security/strength.js';

/** The pass phrase, typed twice and understood. */
export const newPhrase = {
  phrase: '',
  again: '',
  generated: { phrase: '', bits: 0 },
  understood: false,
  touched: false,

  get strength() { return described(this.phrase, this.phrase && this.phrase === this.generated.phrase ? this.generated.bits : 0); },
  get matches() { return this.again !== '' && this.again === this.phrase; },
  get differs() { return this.touched && this.again !== '' && this.again !== this.phrase; },
  touchAgain() { this.touched = true; },
  get phraseMissing() {
    if (!this.strength.long) return t('welcome.need_length');
    if (!this.matches) return t('welcome.need_match');
    return this.understood ? '' : t('welcome.need_understood');
  },
  async think() {
    this.generated = await thinkUp();
    this.phrase = this.generated.phrase;
    this.again = '';
    this.shown = true;
  },
  forgetPhrase() { Object.assign(this, { phrase: '', again: '', generated: { phrase: '', bits: 0 }, touched: false }); },
};

/** The owner's name and password for signing in, which may not be the pass phrase. */
export const newOwner = {
  ownerName: 'owner',
  password: '',
  passwordAgain: '',
  passwordTouched: false,

  get passwordStrength() { return described(this.password); },
  get passwordMatches() { return this.passwordAgain !== '' && this.passwordAgain === this.password; },
  get passwordDiffers() { return this.passwordTouched && this.passwordAgain !== '' && this.passwordAgain !== this.password; },
  get isPhrase() { return this.password !== '' && this.password === this.phrase; },
  touchPassword() { this.passwordTouched = true; },
  get ownerMissing() {
    if (!this.ownerName.trim()) return t('welcome.need_name');
    if (!this.passwordStrength.long) return t('welcome.need_password_length');
    if (this.isPhrase) return t('welcome.need_other');
    return this.passwordMatches ? '' : t('welcome.need_password_match');
  },
};
