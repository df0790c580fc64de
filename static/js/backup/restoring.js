// Restoring a backup: the file, what opens it, how far it is, what came back.
import { get, post, prove } from '../core/api.js';
import { focusSoon } from '../core/focus.js';
import { bytes, integer, percent } from '../core/format.js';
import { knows, t } from '../core/i18n.js';
import { stageText } from '../core/jobs.js';
import { holdStill } from '../core/polling.js';

const WAYS = ['phrase', 'code', 'own'];
const ASK_MILLISECONDS = 250;
const ROOM = 2; // the uploaded file, and the store that comes out of it

/** For a component with `bar`, `fieldType`, and `restoreFree`: the bytes that are free. */
export const restoring = {
  restoreOpen: false,
  restoreFile: null,
  restoreWay: 'phrase',
  restoreSecret: '',
  restoreBusy: false,
  restoreFault: null,
  restored: null,
  restoreOver: false,
  restoreShare: 0,
  restoreStage: '',
  restoreTimer: null,
  restoreProven: async () => true,

  get restoreWays() { return WAYS.map((name) => ({ name, label: t(`restore.way_${name}`) })); },
  get restoreLabel() { return t(`restore.secret_${this.restoreWay}`); },
  get restoreFileText() { return this.restoreFile ? `${this.restoreFile.name} · ${this.$f.bytes(this.restoreFile.size)}` : ''; },
  get canRestore() { return this.restoreFile !== null && this.restoreSecret !== '' && !this.restoreBusy; },
  get restorePercent() { return Math.round(this.restoreShare * 100); },
  get restoreStageText() { return `${this.restoreStage} ${percent(this.restorePercent, 0)}`; },
  get restoreText() { return t(this.restoreBusy ? 'restore.running' : 'restore.action'); },
  get restoredRows() {
    if (!this.restored) return [];
    return Object.entries(this.restored).filter(([kind, count]) => count && knows(`contents.${kind}`)).map(([kind, count]) => ({ kind, label: t(`contents.${kind}`), count: integer(count) }));
  },
  openRestore() {
    this.restoreOpen = true;
    focusSoon(() => this.$refs.restoreFile);
  },
  closeRestore() {
    Object.assign(this, { restoreOpen: false, restoreFile: null, restoreSecret: '', restoreFault: null });
    this.$refs.restoreFile.value = '';
  },
  useRestoreWay(way) {
    this.restoreWay = way;
    this.restoreSecret = '';
  },
  pickBackup(event) {
    [this.restoreFile = null] = event.target.files;
    this.restoreFault = null;
    const needed = this.restoreFile ? this.restoreFile.size * ROOM : 0;
    if (this.restoreFree === null || needed <= this.restoreFree) return;
    this.restoreFault = { message: t('restore.no_room', { needed: bytes(needed), free: bytes(this.restoreFree) }), hint: t('restore.no_room_hint') };
    this.restoreFile = null;
  },
  async followRestore() {
    try {
      const { stage, fraction } = await get('/restore/progress');
      if (stage && this.restoreBusy) Object.assign(this, { restoreStage: stageText(stage), restoreShare: fraction });
    } catch {
      // the answer of the restore itself tells how it ended
    }
  },
  takeSent(share) {
    Object.assign(this, { restoreStage: t('restore.sending'), restoreShare: share });
    if (share === 1) this.restoreTimer = this.restoreTimer || setInterval(() => this.followRestore(), ASK_MILLISECONDS);
  },
  async restore() {
    if (!this.canRestore || !(await this.restoreProven())) return; // proven first: a refusal would come after gigabytes
    Object.assign(this, { restoreBusy: true, restoreFault: null, restoreTimer: null });
    this.takeSent(0);
    const form = new FormData();
    form.append({ phrase: 'passphrase', code: 'recovery_code', own: 'backup_passphrase' }[this.restoreWay], this.restoreSecret);
    form.append('files', this.restoreFile);
    holdStill(this.restoreOver);
    try {
      const [send, path] = this.restoreOver ? [post, '/restore/over'] : [prove, '/restore'];
      this.restored = (await send(path, form, (share) => this.takeSent(share))).restored;
      this.restoreSecret = '';
    } catch (problem) {
      this.restoreFault = { message: problem.message, hint: problem.hint };
      holdStill(false);
    }
    clearInterval(this.restoreTimer);
    this.restoreBusy = false;
  },
};
