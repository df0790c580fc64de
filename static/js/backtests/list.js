// 回测: every run with its state, live while it goes on.
import { get, post, remove } from '../core/api.js';
import { start } from '../core/app.js';
import { bar } from '../core/bar.js';
import { isFinal, onJob } from '../core/events.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { t } from '../core/i18n.js';
import { progressText, stateChip, stateIcon, stateText } from '../core/jobs.js';

const PAGE_ROWS = 50;
const FILTERS = ['all', 'running', 'succeeded', 'failed'];
const GROUPS = { running: ['running', 'queued', 'requeued'], succeeded: ['succeeded'], failed: ['failed', 'timed_out', 'cancelled'] };

function backtests() {
  return {
    rows: [],
    jobs: {},
    loading: true,
    failed: '',
    next: null,
    filter: 'all',
    search: '',
    filters: FILTERS,

    async init() {
      onJob((job) => { if (job.kind === 'backtest') this.takeJob(job); });
      await this.read();
    },
    async read() {
      try {
        const page = await get('/backtests', { limit: PAGE_ROWS });
        this.rows = page.items;
        this.next = page.next_cursor;
        this.failed = '';
      } catch (problem) {
        this.failed = problem.message;
      }
      this.loading = false;
    },
    async more() {
      try {
        const page = await get('/backtests', { limit: PAGE_ROWS, cursor: this.next });
        this.rows = [...this.rows, ...page.items];
        this.next = page.next_cursor;
      } catch (problem) {
        complain(problem);
      }
    },
    takeJob(job) {
      this.jobs[job.id] = job;
      const row = this.rows.find((other) => other.id === job.id);
      if (!row || (isFinal(job.state) && !isFinal(row.state))) this.read();
    },
    stateOf(row) { return this.jobs[row.id] && !isFinal(row.state) ? this.jobs[row.id].state : row.state; },
    jobOf(row) { return this.jobs[row.id] || { state: row.state, progress: row.progress }; },
    isLive(row) { return !isFinal(this.stateOf(row)); },
    get shown() {
      const wanted = this.search.trim().toLowerCase();
      return this.rows.filter((row) => (this.filter === 'all' || GROUPS[this.filter].includes(this.stateOf(row)))
        && (!wanted || [row.title, row.file_name, ...row.symbols].join(' ').toLowerCase().includes(wanted)));
    },
    get empty() { return !this.loading && !this.failed && !this.rows.length; },
    get noMatch() { return !this.loading && this.rows.length > 0 && !this.shown.length; },
    setFilter(filter) { this.filter = filter; },
    symbolsText(row) { return row.symbols.length > 2 ? t('backtests.symbols', { first: row.symbols[0], n: row.symbols.length }) : row.symbols.join(' '); },
    open(row) { location.assign(`/backtests/${row.id}`); },
    async cancel(row) {
      try {
        this.takeJob(await post(`/jobs/${row.id}/cancel`));
      } catch (problem) {
        complain(problem);
      }
    },
    async rerun(row) {
      try {
        await post(`/backtests/${row.id}/rerun`);
        toast(t('report.rerun_started'));
        await this.read();
      } catch (problem) {
        complain(problem);
      }
    },
    async drop(row) {
      const name = row.title || row.file_name;
      if (!(await confirm({ title: t('backtests.delete_title', { name }), body: t('backtests.delete_body'), action: t('action.delete'), danger: true }))) return;
      try {
        await remove(`/backtests/${row.id}`);
        this.rows = this.rows.filter((other) => other.id !== row.id);
        toast(t('backtests.deleted', { name }));
      } catch (problem) {
        complain(problem);
      }
    },
    bar, progressText, stateChip, stateIcon, stateText,
  };
}

start({ backtests });
