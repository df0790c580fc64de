// 数据: what is stored and where it came from; imports, updates, checks.
import { get, remove } from '../core/api.js';
import { start } from '../core/app.js';
import { bar } from '../core/bar.js';
import { isFinal, onJob } from '../core/events.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { bytes, dateTime, integer } from '../core/format.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { progressText, stageText } from '../core/jobs.js';
import { symbolBox } from '../backtests/symbols.js';
import { readFindings } from './findings.js';
import { importing } from './importing.js';
import { updating } from './updating.js';
import { SeriesTable } from './series.js';

function data() {
  let table = null; // kept outside Alpine's reactivity
  return joined(symbolBox, importing, updating, {
    loading: true,
    failed: '',
    count: 0,
    summary: null,
    calendar: null,
    sources: [],
    findings: null,
    checking: false,
    quarantine: [],
    filter: '',
    chosen: null,
    sheet: 'sources',

    async init() {
      onJob((job) => this.takeJob(job));
      window.addEventListener('quantbox:data', () => this.read());
      const query = new URLSearchParams(location.search);
      this.readSide();
      await this.read();
      if (query.get('symbol')) await this.take(query.get('symbol'));
      if (location.hash === '#update') this.openUpdate();
      if (location.hash === '#import') this.$refs.drop.focus();
    },
    async read() {
      try {
        table = table || new SeriesTable(this.$refs.table, (row) => { this.chosen = row; });
        this.count = await table.read();
        this.failed = '';
        this.$nextTick(() => table.draw());
      } catch (problem) {
        this.failed = problem.message;
        complain(problem);
      }
      this.loading = false;
      this.readSummary();
    },
    async readSummary() {
      try {
        const overview = await get('/overview');
        this.summary = overview.stored;
        this.calendar = overview.calendar;
      } catch (problem) {
        complain(problem);
      }
    },
    async readSide() {
      try {
        const [sources, quarantine] = await Promise.all([get('/data/sources'), get('/data/quarantine', { limit: 100 })]);
        this.sources = Array.isArray(sources) ? sources : sources.items;
        this.quarantine = quarantine.items;
      } catch (problem) {
        complain(problem);
      }
    },
    takeJob(job) {
      this.takeImport(job);
      this.takeUpdate(job);
      if (isFinal(job.state) && job.kind.startsWith('data_')) {
        this.read();
        this.readSide();
      }
    },
    get isEmpty() { return !this.loading && !this.failed && this.count === 0; },
    get facts() {
      if (!this.summary || !this.summary.symbols) return '';
      const counts = { symbols: integer(this.summary.symbols), bars: integer(this.summary.bars) };
      return [t('check.market_data_value', counts), bytes(this.summary.bytes)].join(' · ');
    },
    filterTable() { table.filter(this.filter); },
    async dropSeries() {
      const row = this.chosen;
      const name = [row.name, row.symbol].filter(Boolean).join(' ');
      if (!(await confirm({ title: t('data.delete_title', { name }), body: t('data.delete_body', { n: integer(row.rows), frequency: t(`frequency.${row.frequency}`) }), action: t('action.delete'), danger: true }))) return;
      try {
        await remove(`/data/series/${encodeURIComponent(row.symbol)}`, { frequency: row.frequency });
        this.chosen = null;
        toast(t('data.deleted', { name }));
        await this.read();
      } catch (problem) {
        complain(problem);
      }
    },
    updateChosen() {
      this.symbols = [];
      this.pick(this.chosen);
      this.openUpdate();
    },
    show(sheet) {
      this.sheet = sheet;
      if (sheet === 'checks' && this.findings === null) this.check();
    },
    async check() {
      this.checking = true;
      try {
        this.findings = readFindings((await get('/data/check')).findings);
      } catch (problem) {
        complain(problem);
      }
      this.checking = false;
    },
    sourceText(source) { return t(`source_state.${source.state}`); },
    lastText(source) { return source.last_success ? dateTime(source.last_success) : t('source.never'); },
    addCode() {
      const code = this.text.trim().toUpperCase();
      if (code && !this.symbols.includes(code)) this.symbols = [...this.symbols, code];
      this.text = '';
    },
    symbolsChanged() { this.updateAll = this.symbols.length === 0; },
    bar, progressText, stageText,
  });
}

start({ data });
