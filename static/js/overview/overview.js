// 总览: the latest result, what needs a decision, and whether everything underneath is well.
import { get } from '../core/api.js';
import { start } from '../core/app.js';
import { onAppearance } from '../core/appearance.js';
import { onJob, isFinal } from '../core/events.js';
import { complain } from '../core/feedback.js';
import { pick, t } from '../core/i18n.js';
import { weekday } from '../core/format.js';
import { firstChecks, readCheck } from '../core/health.js';
import { jobTitle, progressText, stateText, waitText } from '../core/jobs.js';
import { bar } from '../core/bar.js';
import { drawSparkline, thin } from '../core/sparkline.js';
import { openSafetySteps } from './safety.js';

const POINTS = 400;

function overview() {
  return {
    loading: true,
    failed: '',
    o: null,
    running: [],
    latest: null,
    curve: null,
    safety: [],

    async init() {
      onJob((job) => this.takeJob(job));
      onAppearance(() => this.draw());
      window.addEventListener('resize', () => this.draw());
      window.addEventListener('quantbox:data', () => this.read());
      await this.read();
      this.safety = await openSafetySteps();
    },
    async read() {
      try {
        this.o = await get('/overview');
        this.running = [...this.o.running_jobs, ...this.o.waiting_jobs];
        this.latest = this.o.latest_backtests.find((row) => row.state === 'succeeded') || null;
        this.failed = '';
        this.loading = false;
        if (this.latest) await this.readCurve();
      } catch (problem) {
        this.failed = problem.message;
        this.loading = false;
        complain(problem);
      }
    },
    async readCurve() {
      const { document: result, report } = await get(`/backtests/${this.latest.id}/report`);
      const equity = thin(result.equity, POINTS).map((point) => Number(point.value));
      const benchmark = thin(report.benchmark.values, POINTS).map((point) => Number(point.value));
      const scale = benchmark.length ? equity[0] / benchmark[0] : 1;
      this.curve = { equity, benchmark: benchmark.map((value) => value * scale), name: pick(report.benchmark.name) || report.benchmark.symbol };
      this.$nextTick(() => this.draw());
    },
    draw() {
      if (this.curve && this.$refs.curve) drawSparkline(this.$refs.curve, this.curve.equity, this.curve.benchmark);
    },
    takeJob(job) {
      const others = this.running.filter((item) => item.id !== job.id);
      if (isFinal(job.state)) {
        if (others.length !== this.running.length) this.read();
        this.running = others;
      } else {
        this.running = [...others, job].sort((a, b) => (a.started_at || '~').localeCompare(b.started_at || '~') || a.created_at.localeCompare(b.created_at));
      }
    },
    get ready() { return !this.loading && !this.failed && this.o !== null; },
    get empty() { return this.ready && !this.o.stored.symbols; },
    get dateText() {
      if (!this.ready) return '';
      const { today, is_session: open, next_session: next } = this.o.calendar;
      return [`${today} ${weekday(today)}`, open ? t('overview.session') : t('overview.no_session', { date: next || '–' })].join(' · ');
    },
    get checks() { return this.ready ? firstChecks(this.o.health) : []; },
    get badCount() { return this.ready ? this.o.health.filter((check) => check.ok === false).length : 0; },
    get shownJobs() { return this.running.slice(0, 4); },
    get queuedCount() { return this.running.filter((job) => job.state !== 'running').length; },
    get runningCount() { return this.running.length - this.queuedCount; },
    get jobsText() { return t('shell.tasks', { running: this.runningCount, queued: this.queuedCount }); },
    get isMixed() { return this.ready && !this.o.stored.is_demo; },
    get steps() {
      if (!this.ready) return [];
      const steps = [...this.safety];
      for (const check of this.o.health.filter((item) => item.ok === false).map(readCheck)) {
        steps.push({ key: check.name, kind: 'warn', icon: 'warn', word: t('step.check'), title: check.label, note: check.action, url: '/settings#doctor', act: t('step.look') });
      }
      for (const row of this.o.latest_backtests) {
        if (row.state === 'failed' || row.state === 'timed_out') {
          steps.push({ key: row.id, kind: 'stop', icon: 'block', word: t('step.backtest'), title: row.title || row.file_name, note: stateText(row.state), url: `/backtests/${row.id}`, act: t('step.why') });
        } else if (row.state === 'succeeded' && row.warnings) {
          steps.push({ key: row.id, kind: 'warn', icon: 'warn', word: t('step.backtest'), title: row.title || row.file_name, note: t('step.warnings', { n: row.warnings }), url: `/backtests/${row.id}`, act: t('step.report') });
        }
      }
      if (!this.o.stored.symbols) steps.push({ key: 'import', kind: 'accent', icon: 'database', word: t('page.data'), title: t('step.import'), note: t('step.import_note'), url: '/data#import', act: t('step.go') });
      if (this.o.stored.symbols && !this.o.latest_backtests.length) {
        steps.push({ key: 'first', kind: 'accent', icon: 'play', word: t('step.backtest'), title: t('step.first'), note: t('step.first_note'), url: '/backtests/new', act: t('step.start') });
      }
      return steps.slice(0, 5);
    },
    jobNote(job) { return job.state === 'running' || job.cancel_requested ? progressText(job) : waitText(job, this.runningCount); },
    jobTitle, bar,
  };
}

start({ overview });
