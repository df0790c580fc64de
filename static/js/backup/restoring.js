// Restoring a backup: the file, what opens it, how far it is, what came back.
import { post, prove } from '../core/api.js';
import { focusSoon } from '../core/focus.js';
import { integer } from '../core/format.js';
import { knows, t } from '../core/i18n.js';

const WAYS = ['phrase', 'code', 'own'];

/** For a component with `fieldType`. */
export const restoring = {
  restoreOpen: false,
  restoreFile: null,
  restoreWay: 'phrase',
  restoreSecret: '',
  restoreBusy: false,
  restoreFault: null,
  restored: null,
  restoreOver: false,

  get restoreWays() { return WAYS.map((name) => ({ name, label: t(`restore.way_${name}`) })); },
  get restoreLabel() { return t(`restore.secret_${this.restoreWay}`); },
  get restoreFileText() { return this.restoreFile ? `${this.restoreFile.name} · ${this.$f.bytes(this.restoreFile.size)}` : ''; },
  get canRestore() { return this.restoreFile !== null && this.restoreSecret !== '' && !this.restoreBusy; },
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
  },
  async restore() {
    if (!this.canRestore) return;
    this.restoreBusy = true;
    this.restoreFault = null;
    const form = new FormData();
    form.append({ phrase: 'passphrase', code: 'recovery_code', own: 'backup_passphrase' }[this.restoreWay], this.restoreSecret);
    form.append('files', this.restoreFile);
    try {
      this.restored = (await (this.restoreOver ? post('/restore/over', form) : prove('/restore', form))).restored;
      this.restoreSecret = '';
    } catch (problem) {
      this.restoreFault = { message: problem.message, hint: problem.hint };
    }
    this.restoreBusy = false;
  },
};
