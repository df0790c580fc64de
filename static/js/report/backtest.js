// One backtest: its progress while it runs, why it stopped, or its report.
import { get, post, remove } from '../core/api.js';
import { start } from '../core/app.js';
import { bar } from '../core/bar.js';
import { isFinal, onJob } from '../core/events.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { saveText } from '../core/files.js';
import { duration, integer, number } from '../core/format.js';
import { hintOf, knows, pick, t } from '../core/i18n.js';
import { progressText, stageText, stateChip, stateIcon, stateText } from '../core/jobs.js';
import { HEAD_FIGURES, heat, readCosts, readDoubts, readFigures, readFingerprints, readMonths } from './summary.js';
import { Sheets, readCurves } from './sheets.js';

const SHEETS = ['overview', 'trades', 'kline', 'exposure', 'log', 'code', 'differences'];
const HEAT_YEARS = 5;
const LOG_LINES = 12;
const LOG_MILLISECONDS = 3000;

function backtest() {
  let sheets = null; // canvases stay outside Alpine's reactivity
  return {
    id: decodeURIComponent(location.pathname.split('/')[2]),
    loading: true,
    failed: '',
    row: null,
    job: null,
    result: null,
    names: {},
    sheet: 'overview',
    sheetNames: SHEETS,
    span: 'all',
    logarithmic: false,
    point: null,
    symbol: '',
    chosen: -1,
    clock: Date.now(),
    allYears: false,
    bringing: false,

    async init() {
      onJob((job) => { if (job.id === this.id) this.takeJob(job); });
      setInterval(() => { this.clock = Date.now(); }, 1000);
      setInterval(() => this.readLog(), LOG_MILLISECONDS);
      window.addEventListener('hashchange', () => this.open(location.hash.slice(1) || 'overview', false));
      await this.read();
    },
    async read() {
      try {
        this.row = await get(`/backtests/${this.id}`);
        this.job = this.row.job;
        document.title = `${this.title} · ${t('page.backtests')}`;
        if (this.row.is_archived) this.$nextTick(() => this.showSource());
        else if (this.state === 'succeeded') await this.readReport();
        else if (isFinal(this.state)) this.$nextTick(() => this.showSource());
        this.failed = '';
      } catch (problem) {
        this.failed = problem.message;
      }
      this.loading = false;
    },
    async readReport() {
      const result = await get(`/backtests/${this.id}/report`);
      sheets = new Sheets(result, this.names);
      this.result = Object.freeze(result);
      this.symbol = this.row.request.symbols[0];
      this.readNames();
      this.$nextTick(() => this.open(SHEETS.includes(location.hash.slice(1)) ? location.hash.slice(1) : 'overview', false));
    },
    async readNames() {
      for (const symbol of this.row.request.symbols.slice(0, 30)) {
        try {
          this.names[symbol] = (await get(`/market/instruments/${encodeURIComponent(symbol)}`)).name;
        } catch {
          this.names[symbol] = ''; // its data may have been deleted since; the code stays
        }
      }
    },
    async readLog() {
      if (!this.isRunning) return;
      try {
        this.row = await get(`/backtests/${this.id}`);
        this.takeJob(this.row.job);
      } catch {
        // the connection bar says so; the next round asks again
      }
    },
    takeJob(job) {
      if (this.job && isFinal(this.job.state)) return;
      this.job = job;
      if (isFinal(job.state)) this.read();
    },
    get state() { return this.job ? this.job.state : this.row ? this.row.state : ''; },
    get title() { return this.row ? this.row.title || this.row.file_name : ''; },
    get isRunning() { return !this.loading && this.row !== null && !isFinal(this.state); },
    get isDone() { return this.result !== null; },
    get hasStopped() { return !this.loading && this.row !== null && isFinal(this.state) && this.state !== 'succeeded'; },
    get elapsed() { return this.job && this.job.started_at ? duration((this.clock - new Date(this.job.started_at).getTime()) / 1000) : '–'; },
    get remaining() { return this.job && this.job.eta_seconds ? duration(this.job.eta_seconds) : '–'; },
    get shownPercent() { return `${Math.floor(((this.job && this.job.progress) || 0) * 100)}%`; },
    get reason() { return this.job && this.job.reason ? this.job.reason : null; },
    get reasonHint() { return this.reason ? hintOf(this.reason) : ''; },
    get reasonFacts() {
      if (!this.reason) return [];
      const { file, line, bar_date: date } = this.reason.facts;
      return [file && { label: t('reason.place'), value: line ? `${file}:${line}` : file }, date && { label: t('reason.bar_date'), value: date }].filter(Boolean);
    },
    get subtitle() {
      const request = this.row.request;
      const parts = [t('report.span', { start: request.start, end: request.end }), t('frequency.1d'), t(request.rules ? 'report.rules_on' : 'report.rules_off')];
      const seconds = this.isDone ? this.result.report.duration_seconds ?? (this.job && this.job.elapsed_seconds) : null;
      if (seconds) parts.push(t('report.took', { time: duration(seconds) }));
      return parts.join(' · ');
    },
    get benchmarkName() {
      const { name, symbol } = this.result.report.benchmark;
      return pick(name) || symbol;
    },
    get figures() { return this.isDone ? readFigures(this.result.document.statistics, this.result.report.statistics_meta) : []; },
    get headFigures() { return this.figures.slice(0, HEAD_FIGURES); },
    get moreFigures() { return this.figures.slice(HEAD_FIGURES); },
    get doubts() { return this.isDone ? readDoubts(this.result.document.warnings, this.result.report.differences) : []; },
    get weightyCount() { return this.isDone ? this.row.warnings : 0; },
    get months() { return this.isDone ? readMonths(this.result.report.monthly, this.allYears ? 99 : HEAT_YEARS) : []; },
    get monthNames() { return Array.from({ length: 12 }, (_, index) => t(`month.${index + 1}`)); },
    get yearsText() { return t('report.years', { n: this.months.length }); },
    get hasMoreYears() { return this.isDone && this.result.report.monthly.length > HEAT_YEARS; },
    get costs() { return this.isDone ? readCosts(this.result.report.costs, this.row.request.cash) : { kinds: [], total: 0, share: '' }; },
    get fingerprints() { return this.isDone ? readFingerprints(this.result.document.fingerprints) : []; },
    get parameters() { return Object.entries(this.row.request.params).map(([name, value]) => `${name} = ${value}`); },
    get averageExposure() { return sheets ? sheets.averageExposure : '–'; },
    get logLines() { return this.row ? this.row.log || [] : []; },
    get logTail() { return this.logLines.slice(-LOG_LINES).join('\n'); },
    get comparison() {
      const found = this.row && this.row.comparison;
      if (!found || !this.isDone) return null;
      const names = (found.changed || []).map((key) => (knows(`fingerprint.${key}`) ? t(`fingerprint.${key}`) : key)).join(' · ');
      return { same: found.same, text: t(found.same ? 'report.same' : 'report.not_same'), tip: found.same ? t('report.same_tip') : t('report.not_same_tip', { date: found.first_difference || '–', changed: names || '–' }) };
    },
    get positions() { return this.isDone ? this.result.report.open_positions || [] : []; },
    get drawdowns() { return this.isDone ? this.result.report.drawdown_periods || [] : []; },
    sheetCount(name) {
      const count = { trades: () => this.result.document.trades.length, log: () => this.logLines.length, differences: () => this.doubts.length }[name];
      const shown = count ? count() : 0;
      return shown ? ` ${integer(shown)}` : '';
    },
    toggleYears() { this.allYears = !this.allYears; },
    setSpan(span) {
      this.span = span;
      this.drawEquity();
    },
    setScale(logarithmic) {
      this.logarithmic = logarithmic;
      this.drawEquity();
    },
    drawEquity() {
      const view = { ...readCurves(this.result.document, this.result.report, this.row.request.cash, this.span), logarithmic: this.logarithmic };
      sheets.equity(this.$refs.equity, view, (point) => { this.point = point; });
    },
    open(name, push = true) {
      if (!this.isDone || !SHEETS.includes(name)) return;
      this.sheet = name;
      if (push) history.replaceState(null, '', name === 'overview' ? location.pathname : `#${name}`);
      this.$nextTick(() => {
        if (name === 'overview') this.drawEquity();
        else if (name === 'trades') sheets.trades(this.$refs, (index) => this.showTrade(index));
        else if (name === 'kline') this.drawKline();
        else if (name === 'exposure') sheets.exposure(this.$refs.exposure);
        else if (name === 'code') this.showSource();
      });
    },
    drawKline() {
      const { start: first, end: last } = this.row.request;
      sheets.kline(this.$refs.kline, this.symbol, { start: first, end: last }, this.chosen);
    },
    chooseSymbol(symbol) {
      this.symbol = symbol;
      this.chosen = -1;
      this.drawKline();
    },
    showTrade(index) {
      this.chosen = index;
      this.symbol = this.result.document.trades[index].symbol;
      this.open('kline');
    },
    async showSource() {
      const { showPython } = await import('./python.js');
      const line = this.reason && this.reason.facts ? Number(this.reason.facts.line) || 0 : 0;
      const target = this.isDone ? this.$refs.code : this.$refs.source;
      if (target && this.row.request.source) showPython(target, this.row.request.source, line);
    },
    async saveTrades() {
      const { saveTrades } = await import('./trades.js');
      saveTrades(`${this.title}-${this.row.request.start}-${this.row.request.end}.csv`, this.result.document.trades);
    },
    async saveDocument() {
      saveText(`${this.title}-${this.id}.json`, JSON.stringify(this.result.document, null, 1), 'application/json');
    },
    async cancel() {
      try {
        this.job = await post(`/jobs/${this.id}/cancel`);
      } catch (problem) {
        complain(problem);
      }
    },
    get isArchived() { return this.row !== null && this.row.is_archived && this.result === null; },
    async bringBack() {
      this.bringing = true;
      try {
        await post(`/backtests/${this.id}/bring-back`);
        location.reload(); // as the report it is again
      } catch (problem) {
        complain(problem);
      }
      this.bringing = false;
    },
    async rerun() {
      try {
        const job = await post(`/backtests/${this.id}/rerun`);
        toast(t('report.rerun_started'));
        location.assign(`/backtests/${job.id}`);
      } catch (problem) {
        complain(problem);
      }
    },
    async drop() {
      const sure = await confirm({ title: t('backtests.delete_title', { name: this.title }), body: t('backtests.delete_body'), action: t('action.delete'), danger: true });
      if (!sure) return;
      try {
        await remove(`/backtests/${this.id}`);
        location.assign('/backtests');
      } catch (problem) {
        complain(problem);
      }
    },
    editUrl() { return `/backtests/new?from=${this.id}`; },
    costBar(element, kind) {
      bar(element, kind.part);
      element.style.background = `var(--${kind.token})`;
    },
    heat, bar, number, stageText, stateText, stateChip, stateIcon, progressText,
  };
}

start({ backtest });
