// Turning the keys: everything is encrypted anew under new ones; how far it is, and the recovery code it ends with.
import { get, post } from '../core/api.js';
import { bar } from '../core/bar.js';
import { toast } from '../core/feedback.js';
import { t } from '../core/i18n.js';

/** For a component made with `trying`, `newSecret` and `recoveryKit`. */
export const rotation = {
  rotating: false,
  rotationShare: 0,
  rotationPhrase: '',
  rotationNew: false,
  newCode: '',

  openRotation() {
    Object.assign(this, { rotationPhrase: '', rotationNew: false, newCode: '' });
    this.forgetFresh();
    this.openForm('rotation');
  },
  get canRotate() { return this.rotationPhrase !== '' && (!this.rotationNew || this.freshGood) && !this.busy; },
  async rotate() {
    if (!this.canRotate) return;
    this.rotating = true;
    const body = { passphrase: this.rotationPhrase, ...(this.rotationNew && { new_passphrase: this.fresh }) };
    const done = await this.trying(async () => {
      const answer = await post('/vault/rotate', body);
      this.newCode = answer.recovery_code || '';
      toast(t('safe.rotated', { n: answer.epoch }));
    });
    this.rotating = false;
    if (!done) return;
    this.rotationPhrase = '';
    this.forgetFresh();
    if (!this.newCode) this.closeForm('rotation');
    await this.read();
  },
  closeRotation() {
    this.newCode = '';
    this.closeForm('rotation');
  },
  watchRotation() {},
  bar, get,
};
