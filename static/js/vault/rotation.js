// Turning the keys: everything is encrypted anew under new ones; how far it is, and the recovery kit it ends with.
import { get, post } from '../core/api.js';
import { bar } from '../core/bar.js';
import { toast } from '../core/feedback.js';
import { knows, t } from '../core/i18n.js';
import { every } from '../core/polling.js';

const ASK_MILLISECONDS = 500;

/** For a component made with `trying`, `newSecret` and `recoveryKit`, with `vault` and `read()`. */
export const rotation = {
  rotating: false,
  rotationShare: 0,
  rotationStage: '',
  rotationPhrase: '',
  rotationNew: false,

  openRotation() {
    Object.assign(this, { rotationPhrase: '', rotationNew: false, rotationShare: 0, rotationStage: '' });
    this.forgetFresh();
    this.openForm('rotation');
  },
  closeRotation() { if (!this.rotating) this.closeForm('rotation'); },
  get canRotate() { return this.rotationPhrase !== '' && (!this.rotationNew || this.freshGood) && !this.busy; },
  get rotationText() { return [t('safe.rotating'), this.rotationStage && knows(`rotation.${this.rotationStage}`) ? t(`rotation.${this.rotationStage}`) : ''].filter(Boolean).join(' '); },
  async followRotation() {
    try {
      const { is_running: running, stage, fraction } = await get('/vault/rotation');
      if (running) Object.assign(this, { rotationStage: stage || '', rotationShare: fraction });
    } catch {
      // the answer of the rotation itself tells how it ended
    }
  },
  async rotate() {
    if (!this.canRotate) return;
    const body = { passphrase: this.rotationPhrase, ...(this.rotationNew && { new_passphrase: this.fresh }) };
    this.rotating = true;
    const stop = every(ASK_MILLISECONDS, () => this.followRotation());
    let answer = null;
    const done = await this.trying(async () => { answer = await post('/vault/rotate', body); });
    stop();
    this.rotating = false;
    if (!done) return;
    this.rotationPhrase = '';
    this.forgetFresh();
    this.closeForm('rotation');
    toast(t('safe.rotated', { n: answer.epoch }));
    await this.read();
    if (answer.recovery_code) this.showNewKit(answer);
  },
  /** The old kit is void: the new one is kept and confirmed like any other. */
  showNewKit({ recovery_code: code, confirm }) {
    this.kit = { code, confirm, store_id: this.vault.store_id, created_at: new Date().toISOString() };
    this.kitTyped = confirm.map(() => '');
    this.kitStage = 'shown';
    this.openForm('kit');
  },
  bar,
};
