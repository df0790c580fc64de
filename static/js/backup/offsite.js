// 异地备份: where pieces go, how sending fares, and the copies of backups that lie there.
import { get, post, put, remove } from '../core/api.js';
import { isFinal, onJob } from '../core/events.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { ago, bytes, dateTime, integer } from '../core/format.js';
import { pick, t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { every } from '../core/polling.js';
import { trying } from '../core/trying.js';

const KINDS = ['off', 'folder', 'webdav', 's3', 'oss', 'cos'];
const FIELDS = {
  off: [],
  folder: ['path'],
  webdav: ['endpoint', 'user', 'root'],
  s3: ['endpoint', 'bucket', 'region', 'user', 'root'],
  oss: ['endpoint', 'bucket', 'user', 'root'],
  cos: ['endpoint', 'bucket', 'user', 'root'],
};
const HOSTS = { webdav: 'dav.jianguoyun.com/dav', s3: 's3.cn-north-1.amazonaws.com.cn', oss: 'oss-cn-shanghai.aliyuncs.com', cos: 'cos.ap-shanghai.myqcloud.com' };
const STYLES = { s3: ['virtual', 'path'], oss: ['virtual', 'cname', 'path'] };
const ASK_MILLISECONDS = 3000;

export function offsite() {
  return joined(trying, {
    saved: null,
    kind: 'off',
    options: {},
    secret: '',
    keepReports: '100',
    copiesBackups: true,

    init() {
      onJob((job) => this.takeJob(job));
      every(ASK_MILLISECONDS, async () => { if (this.saved === null || this.isOn) await this.read(); });
    },
    async read() {
      const isFirst = this.saved === null;
      try {
        this.take(await get('/offsite'), isFirst);
        if (isFirst) this.fault = null;
      } catch (problem) {
        if (isFirst) this.fault = { message: problem.message, hint: problem.hint || '' };
      }
    },
    take(answer, intoForm) {
      this.saved = answer;
      if (intoForm) Object.assign(this, { kind: answer.kind, options: { ...answer.options }, secret: '', keepReports: String(answer.keep_reports), copiesBackups: answer.copies_backups });
    },
    takeJob(job) {
      if (!['backup_fetch', 'backup_bring_back'].includes(job.kind) || !isFinal(job.state)) return;
      if (job.kind === 'backup_bring_back' && job.state === 'succeeded') toast(t('offsite.all_back'));
      this.read();
    },
    get kinds() { return KINDS.map((name) => ({ name, label: t(`offsite.kind_${name}`) })); },
    isKind(name) { return this.kind === name; },
    choose(name) {
      this.kind = name;
      this.options = this.saved && this.saved.kind === name ? { ...this.saved.options } : {};
      this.secret = '';
    },
    get fields() { return FIELDS[this.kind].map((name) => ({ name, id: `offsite-${name}`, label: t(`offsite.field_${name}`), hint: name === 'endpoint' ? `https://${HOSTS[this.kind]}` : '' })); },
    get styles() { return (STYLES[this.kind] || []).map((name) => ({ name, label: t(`offsite.style_${name}`) })); },
    get needsSecret() { return !['off', 'folder'].includes(this.kind); },
    get isChosen() { return this.kind !== 'off'; },
    get isRead() { return this.saved !== null; },  // before that a choice would be lost to the answer
    get isOn() { return this.saved !== null && this.saved.kind !== 'off'; },
    get secretHint() { return this.saved && this.saved.kind === this.kind && this.saved.has_secret ? t('offsite.secret_kept') : ''; },
    get kindNote() { return t(`offsite.note_${this.kind}`); },
    async save() {
      const body = { kind: this.kind, options: this.options, keep_reports: Number(this.keepReports), copies_backups: this.copiesBackups, ...(this.secret && { secret: this.secret }) };
      if (await this.trying(async () => this.take(await put('/offsite', body), true))) toast(t('settings.saved'));
    },
    async test() {
      if (await this.trying(() => post('/offsite/test'))) toast(t('offsite.tested'));
    },
    async send() {
      if (await this.trying(async () => this.take(await post('/offsite/send'), false))) toast(t('offsite.sending'));
    },

    get state() { return this.saved ? this.saved.state : null; },
    get isFailing() { return this.state !== null && this.state.failing_since !== null; },
    get isWaiting() { return this.state !== null && this.state.waiting + this.state.waiting_copies > 0; },
    get stateText() {
      if (!this.state) return '';
      if (this.isFailing) return t('offsite.failing', { time: ago(this.state.failing_since) });
      if (this.isWaiting) return t('offsite.waiting', { n: integer(this.state.waiting + this.state.waiting_copies) });
      return this.state.last_sent_at ? t('offsite.sent', { time: ago(this.state.last_sent_at) }) : t('offsite.nothing');
    },
    get faultText() { return this.isFailing ? pick(this.state.error) : ''; },
    get sumText() { return this.state ? t('offsite.sum', { n: integer(this.state.objects), size: bytes(this.state.bytes), archived: integer(this.state.archived_reports) }) : ''; },
    get hasArchived() { return this.state !== null && this.state.archived_reports > 0; },
    async bringBack() {
      if (!(await confirm({ title: t('offsite.bring_all'), body: t('offsite.bring_all_body'), action: t('offsite.bring') }))) return;
      await this.trying(() => post('/offsite/bring-back'));
    },

    get copies() { return this.saved ? this.saved.backups : []; },
    copyText(copy) { return [bytes(copy.bytes), copy.sent_at ? t('offsite.copied', { time: ago(copy.sent_at) }) : t('offsite.copy_waits'), copy.is_here ? t('offsite.here_too') : t('offsite.there_only')].join(' · '); },
    canFetch(copy) { return copy.sent_at !== null && !copy.is_here && !this.busy; },
    async fetchCopy(copy) {
      if (await this.trying(() => post(`/offsite/backups/${copy.name}/fetch`))) toast(t('offsite.fetching'));
    },
    async dropCopy(copy) {
      if (!(await confirm({ title: t('offsite.drop_title', { name: copy.name }), body: t('offsite.drop_body'), action: t('action.delete'), danger: true }))) return;
      try {
        this.take(await remove(`/offsite/backups/${copy.name}`), false);
      } catch (problem) {
        complain(problem);
      }
    },
    dateTime,
  });
}
