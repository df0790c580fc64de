// A new backtest: which strategy, on what, over which days, with which rules and costs.
import { get, post } from '../core/api.js';
import { start } from '../core/app.js';
import { complain } from '../core/feedback.js';
import { knows, pick, t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { findFaults } from './fields.js';
import { symbolBox } from './symbols.js';

const INSPECT_MILLISECONDS = 400;
const DEFAULT_YEARS = 3;
const MOST_SPANS = 50;
const MOST_FILE_BYTES = 1 << 20;

function yearsBefore(iso, years) {
  return `${Number(iso.slice(0, 4)) - years}${iso.slice(4).replace('-02-29', '-02-28')}`;
}

function newBacktest() {
  return joined(symbolBox, {
    samples: [],
    sample: '',
    fileName: '',
    source: '',
    classes: [],
    className: '',
    params: [],
    sourceError: '',
    inspecting: 0,
    start: '',
    end: '',
    first: '',
    last: '',
    cash: '100000',
    rules: true,
    benchmark: '',
    indices: [],
    commissionBps: '2.5',
    commissionMin: '5',
    touched: {},
    serverFault: null,
    sending: false,
    line: 1,
    noData: false,
    copied: false,
    held: true,

    async init() {
      const query = new URLSearchParams(location.search);
      try {
        const [samples, settings, overview] = await Promise.all([get('/backtests/samples'), get('/settings'), get('/overview')]);
        this.samples = Array.isArray(samples) ? samples : samples.items;
        this.cash = String(settings.initial_cash);
        this.commissionBps = String(settings.commission_bps);
        this.commissionMin = String(settings.commission_min_yuan);
        this.indices = overview.indices;
        this.noData = !overview.stored.symbols;
        if (!this.noData) this.setSpan(overview.stored.first, overview.stored.last);
        if (query.get('from')) await this.copy(query.get('from'));
        else if (this.samples.length) this.useSample(this.samples[0]);
        for (const symbol of (query.get('symbols') || '').split(',').filter(Boolean)) await this.take(symbol);
        if (!this.symbols.length && !this.noData) await this.takeFirst();
      } catch (problem) {
        complain(problem);
      }
    },
    setSpan(first, last) {
      this.first = first;
      this.last = last;
      this.end = last;
      const wanted = yearsBefore(last, DEFAULT_YEARS);
      this.start = wanted > first ? wanted : first;
    },
    async takeFirst() {
      const page = await get('/market/instruments', { kind: 'stock', limit: 1 });
      if (page.items.length) this.pick(page.items[0]);
    },
    async copy(id) {
      this.copied = true;
      const { request } = await get(`/backtests/${id}`);
      Object.assign(this, {
        fileName: request.file_name, source: request.source, start: request.start, end: request.end, cash: String(Number(request.cash)), rules: request.rules,
        benchmark: request.benchmark || '', symbols: [...request.symbols],
      });
      if (request.costs) Object.assign(this, { commissionBps: String(request.costs.commission_bps), commissionMin: String(request.costs.commission_min_yuan) });
      await this.inspect();
      if (request.class_name) this.chooseClass(request.class_name);
      this.params = this.params.map((param) => ({ ...param, value: String(request.params[param.name] ?? param.value) }));
    },
    useSample(sample) {
      this.sample = sample.file_name;
      this.fileName = sample.file_name;
      this.source = sample.source;
      this.inspect();
    },
    isSample(sample) { return this.sample === sample.file_name; },
    async openFile(event) {
      const file = event.target.files[0];
      event.target.value = '';
      if (!file) return;
      if (file.size > MOST_FILE_BYTES) {
        this.sourceError = t('fault.file_size');
        return;
      }
      this.sample = '';
      this.fileName = file.name;
      this.source = await file.text();
      this.inspect();
    },
    edited() {
      this.sample = '';
      if (!this.fileName) this.fileName = 'strategy.py';
      clearTimeout(this.inspecting);
      this.inspecting = setTimeout(() => this.inspect(), INSPECT_MILLISECONDS);
    },
    async inspect() {
      if (!this.source.trim()) {
        Object.assign(this, { classes: [], params: [], sourceError: '' });
        return;
      }
      try {
        const found = await post('/backtests/inspect', { source: this.source });
        this.classes = found.classes;
        this.sourceError = found.error ? t('fault.syntax', { line: found.error.line ?? '–', message: pick(found.error.message) }) : '';
        if (!this.classes.some((item) => item.name === this.className)) this.className = this.classes.length ? this.classes[0].name : '';
        this.readParams();
      } catch (problem) {
        complain(problem);
      }
    },
    chooseClass(name) {
      this.className = name;
      this.readParams();
    },
    readParams() {
      const kept = new Map(this.params.map((param) => [param.name, param]));
      const chosen = this.classes.find((item) => item.name === this.className);
      this.params = chosen ? chosen.params.map((param) => {
        const before = kept.get(param.name);
        const same = before && before.default === param.default && before.type === param.type;
        return { ...param, value: same ? before.value : String(param.default ?? '') };
      }) : [];
    },
    rangeText(param) { return [knows(`type.${param.type}`) ? t(`type.${param.type}`) : param.type, t('type.default', { value: String(param.default) })].join(' · '); },
    get gutter() { return Array.from({ length: this.source.split('\n').length }, (_, index) => index + 1).join('\n'); },
    scrolled() { this.$refs.gutter.scrollTop = this.$refs.editor.scrollTop; },
    cursor() { this.line = this.$refs.editor.value.slice(0, this.$refs.editor.selectionStart).split('\n').length; },
    /** Indent; Shift+Tab, and Tab after Esc, go on to the next field. */
    tab(event) {
      if (event.shiftKey || !this.held) return;
      event.preventDefault();
      const box = this.$refs.editor;
      box.setRangeText('    ', box.selectionStart, box.selectionEnd, 'end');
      this.source = box.value;
      this.edited();
    },
    symbolsChanged() {
      this.forgive();
      this.touch('symbols');
      this.readSpan();
    },
    /** Bound the dates by what is stored of the chosen symbols; dates the owner has set stay. */
    async readSpan() {
      const chosen = [...this.symbols];
      try {
        const details = await Promise.all(chosen.slice(0, MOST_SPANS).map((symbol) => get(`/market/instruments/${encodeURIComponent(symbol)}`)));
        const days = details.flatMap((item) => item.series.filter((series) => series.frequency === '1d'));
        if (!days.length || chosen.join() !== this.symbols.join()) return;
        const first = days.map((series) => series.first).sort()[0];
        const last = days.map((series) => series.last).sort()[days.length - 1];
        if (this.touched.start || this.touched.end || this.copied) Object.assign(this, { first, last });
        else this.setSpan(first, last);
      } catch {
        this.first = ''; // the server says on running what it lacks
        this.last = '';
      }
    },
    wholeSpan() {
      this.start = this.first;
      this.end = this.last;
    },
    lastYears(years) {
      const wanted = yearsBefore(this.last, years);
      this.start = wanted > this.first ? wanted : this.first;
      this.end = this.last;
    },
    get faults() { return findFaults(this, this.params); },
    get faultCount() { return Object.keys(this.faults).length; },
    get sourceNote() { return t('new.source_note', { line: this.line, n: this.source.split('\n').length }); },
    get runTip() { return this.faultCount ? Object.values(this.faults)[0] : ''; },
    get hasTarget() { return this.text.trim() && this.boxOpen && !this.found.length; },
    touch(field) { this.touched[field] = true; },
    faultOf(field) {
      if (this.serverFault && this.serverFault.field === field) return this.serverFault.message;
      return this.touched[field] ? this.faults[field] || '' : '';
    },
    /** Take back what the server said of a field once something is changed. */
    forgive() { this.serverFault = null; },
    showFault() {
      this.$nextTick(() => {
        const first = this.$root.querySelector('.has-error :is(input, textarea, select)');
        if (!first) return;
        const folded = first.closest('details');
        if (folded) folded.open = true;
        first.focus();
      });
    },
    async run() {
      if (this.faultCount) {
        Object.keys(this.faults).forEach((field) => this.touch(field));
        this.showFault();
        return;
      }
      this.sending = true;
      this.serverFault = null;
      try {
        const job = await post('/backtests', {
          source: this.source, file_name: this.fileName, class_name: this.className || null, symbols: this.symbols, start: this.start, end: this.end, cash: this.cash,
          params: Object.fromEntries(this.params.filter((param) => String(param.value) !== String(param.default ?? '')).map((param) => [param.name, String(param.value)])),
          rules: this.rules, benchmark: this.benchmark || null, costs: { commission_bps: this.commissionBps, commission_min_yuan: this.commissionMin },
        });
        location.assign(`/backtests/${job.id}`);
      } catch (problem) {
        this.serverFault = { message: problem.message, hint: problem.hint, field: problem.facts.field || '' };
        this.sending = false;
        this.showFault();
      }
    },
  });
}

start({ newBacktest });
