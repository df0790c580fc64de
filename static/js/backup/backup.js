// 设置 › 备份: making, checking, rehearsing and restoring backups, the schedule, and the plain export for who leaves.
import { get, post, remove } from '../core/api.js';
import { start } from '../core/app.js';
import { bar } from '../core/bar.js';
import { isFinal, onJob } from '../core/events.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { saveAnswer } from '../core/files.js';
import { ago, bytes, dateTime, integer } from '../core/format.js';
import { knows, pick, t } from '../core/i18n.js';
import { progressText, stageText } from '../core/jobs.js';
import { joined } from '../core/joined.js';
import { reading, trying } from '../core/trying.js';
import { steppedUp } from '../identity/step_up.js';
import { newSecret } from '../security/strength.js';
import { offsite } from './offsite.js';
import { restoring } from './restoring.js';
import { schedule } from './schedule.js';

const EXPORT_KINDS = ['strategies', 'trades', 'backtests', 'settings'];

function backup() {
  return joined(trying, reading, newSecret, restoring, schedule, {
    state: null,
    job: null,
    own: false,
    downloads: true,
    kinds: [...EXPORT_KINDS],
    restoreOver: true,
    restoreProven: () => steppedUp(),
    get restoreFree() { return this.state ? this.state.free_bytes : null; },

    async init() {
      onJob((job) => this.takeJob(job));
      await this.read();
    },
    async read() {
      await this.reading(async () => {
        this.state = await get('/backups');
        this.takeSchedule(this.state.schedule);
      });
    },
    get items() { return this.state ? this.state.items : []; },
    get isPaused() { return this.state !== null && this.state.outbound_paused; },
    get lastText() {
      if (!this.state || !this.state.last) return t('backup.never');
      const { created_at: made, ok, error } = this.state.last;
      return ok ? t('backup.last_ok', { time: ago(made) }) : t('backup.last_failed', { time: ago(made), reason: pick(error && error.message ? error.message : error) });
    },
    get lastFailed() { return this.state !== null && this.state.last !== null && !this.state.last.ok; },
    contentsOf(item) {
      return Object.entries(item.contents || {}).filter(([kind, count]) => count && knows(`contents.${kind}`)).map(([kind, count]) => `${t(`contents.${kind}`)} ${integer(count)}`).join(' · ');
    },
    noteOf(item) { return [bytes(item.bytes), this.contentsOf(item), this.opensText(item), this.rehearsalText(item)].filter(Boolean).join(' · '); },
    rehearsalText(item) {
      if (!item.rehearsal) return '';
      const { at, ok, error } = item.rehearsal;
      return ok ? t('backup.rehearsed', { time: ago(at) }) : t('backup.rehearsal_failed', { reason: pick(error && error.message ? error.message : error) });
    },
    opensText(item) { return t(`backup.opens_${item.opens_with}`); },
    checkedText(item) { return item.verified_at ? t('backup.verified', { time: ago(item.verified_at) }) : t('backup.unverified'); },

    takeJob(job) {
      if (!job.kind.startsWith('backup') || (this.job && this.job.id !== job.id && !isFinal(this.job.state))) return;
      const isMine = this.job !== null && this.job.id === job.id;
      if (!isMine && isFinal(job.state)) return;
      this.job = job;
      if (isFinal(job.state)) this.endJob(job);
    },
    async endJob(job) {
      if (job.state === 'succeeded') toast(t(`backup.done_${job.kind}`));
      else if (job.reason) toast(pick(job.reason.message), { kind: 'stop' });
      await this.read();
    },
    get isWorking() { return this.job !== null && !isFinal(this.job.state); },
    get jobText() { return this.job ? t(`kind.${this.job.kind}`) : ''; },

    openNew() {
      Object.assign(this, { own: false, downloads: true });
      this.forgetFresh();
      this.openForm('create');
    },
    get canCreate() { return (!this.own || this.freshGood) && !this.busy; },
    async create() {
      if (!this.canCreate) return;
      const body = { include_downloads: this.downloads, ...(this.own && { passphrase: this.fresh }) };
      if (!(await this.trying(async () => { this.job = await post('/backups', body); }))) return;
      this.forgetFresh();
      this.closeForm('create');
    },
    async verify(item) {
      await this.act(async () => {
        await post(`/backups/${item.name}/verify`);
        toast(t('backup.fine', { name: item.name }));
      });
    },
    async rehearse(item) {
      await this.act(async () => { this.job = await post(`/backups/${item.name}/rehearse`); });
    },
    async download(item) {
      try {
        if (await steppedUp()) location.assign(`/api/v1/backups/${item.name}/file`);
      } catch (problem) {
        complain(problem);
      }
    },
    async drop(item) {
      if (!(await confirm({ title: t('backup.drop_title', { name: item.name }), body: t('backup.drop_body'), action: t('action.delete'), danger: true }))) return;
      await this.act(() => remove(`/backups/${item.name}`));
    },
    async resume() {
      if (!(await confirm({ title: t('backup.resume_title'), body: t('backup.resume_body'), action: t('backup.resume') }))) return;
      await this.act(async () => {
        await post('/outbound/resume');
        toast(t('backup.resumed'));
      });
    },
    async act(act) {
      try {
        await act();
      } catch (problem) {
        complain(problem);
      }
      await this.read();
    },

    openExport() {
      this.kinds = [...EXPORT_KINDS];
      this.forgetFresh();
      this.openForm('export');
    },
    get canExport() { return this.kinds.length > 0 && this.freshGood && !this.busy; },
    async exportPlain() {
      if (!this.canExport) return;
      if (!(await this.trying(() => saveAnswer('/export', { passphrase: this.fresh, kinds: this.kinds }, 'quantbox-export.zip')))) return;
      this.forgetFresh();
      this.closeForm('export');
    },
    openOver() {
      this.openForm('over');
    },
    closeOver() {
      this.closeRestore();
      this.closeForm('over');
      if (this.restored) location.assign('/');
    },
    bar, dateTime, progressText, stageText,
  });
}

start({ backup, offsite });
