// 审计: who did what, when, from where, with what result; the log's own soundness; its export.
import { get, post, withQuery } from '../core/api.js';
import { start } from '../core/app.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { saveAnswer } from '../core/files.js';
import { dateTime, integer, place } from '../core/format.js';
import { pick, t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { trying } from '../core/trying.js';
import { actorText, factRows } from './facts.js';
import { RecordTable } from './table.js';

const TYPED_MILLISECONDS = 250;
const isDay = (text) => text === '' || /^\d{4}-\d{2}-\d{2}$/.test(text);

function audit() {
  let table = null; // kept outside Alpine's reactivity
  return joined(trying, {
    acts: [],
    text: '',
    act: '',
    outcome: '',
    from: '',
    until: '',
    found: null,
    hasMore: false,
    reading: true,
    failed: '',
    chosen: null,
    check: null,
    checking: true,
    format: 'csv',
    timer: 0,

    async init() {
      try {
        this.acts = (await get('/audit/acts')).map((one) => ({ value: one.act, label: pick(one) }));
      } catch (problem) {
        this.failed = problem.message;
      }
      const names = new Map(this.acts.map((one) => [one.value, one.label]));
      table = new RecordTable(this.$refs.table, {
        nameOf: (act) => names.get(act) || act,
        onChoose: (row) => this.open({ ...row, name: names.get(row.act) || row.act }),
        onCount: (count, more) => Object.assign(this, { found: count, hasMore: more }),
      });
      for (const day of ['from', 'until']) this.$watch(day, () => this.typed());
      await this.read();
      await this.verify();
    },
    get filters() {
      return { text: this.text.trim(), act: this.act, outcome: this.outcome, start: this.from, end: this.until };
    },
    get dayFault() { return isDay(this.from) && isDay(this.until) ? '' : t('fault.date'); },
    typed() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.read(), TYPED_MILLISECONDS);
    },
    async read() {
      if (this.dayFault) return;
      this.reading = true;
      try {
        await table.read((cursor) => get(withQuery('/audit', { ...this.filters, limit: 200, cursor })));
        this.failed = '';
      } catch (problem) {
        this.failed = problem.message;
      }
      this.reading = false;
    },
    get hasFilter() { return Object.values(this.filters).some((value) => value !== ''); },
    clear() {
      Object.assign(this, { text: '', act: '', outcome: '', from: '', until: '' });
      this.read();
    },
    get countText() {
      if (this.found === null) return '';
      return t(this.hasMore ? 'audit.count_more' : 'audit.count', { n: integer(this.found) });
    },
    open(row) {
      this.chosen = row;
      this.openForm('record');
    },
    closeRecord() { this.closeForm('record'); },
    get chosenRows() {
      if (!this.chosen) return [];
      const { seq, at, outcome, actor, device, address, hash } = this.chosen;
      return [
        { key: 'seq', label: t('audit.seq'), text: integer(seq) }, { key: 'at', label: t('audit.at'), text: dateTime(at) },
        { key: 'outcome', label: t('audit.outcome'), text: t(`outcome.${outcome}`) }, { key: 'actor', label: t('audit.actor'), text: actorText(actor) },
        { key: 'device', label: t('audit.device'), text: device || '–' }, { key: 'address', label: t('audit.address'), text: place(address) },
        ...factRows(this.chosen.facts), { key: 'hash', label: t('audit.hash'), text: hash, mono: true },
      ];
    },
    async verify() {
      this.checking = true;
      try {
        this.check = await get('/audit/verify');
      } catch (problem) {
        complain(problem);
      }
      this.checking = false;
    },
    get checkText() {
      if (!this.check) return '';
      return this.check.ok ? t('audit.sound', { n: integer(this.check.records) }) : this.check.problem.message;
    },
    get anchorText() {
      if (!this.check || !this.check.anchored_seq) return t('audit.no_anchor');
      return t('audit.anchored', { n: integer(this.check.anchored_seq), time: dateTime(this.check.anchored_at) });
    },
    get placesText() { return this.check ? Object.entries(this.check.places).map(([place, state]) => `${t(`audit.place_${place}`)} ${t(`audit.state_${state}`)}`).join(' · ') : ''; },
    async anchor() {
      if (!(await confirm({ title: t('audit.anchor_title'), body: t('audit.anchor_body'), action: t('audit.anchor'), danger: true }))) return;
      try {
        this.check = await post('/audit/anchor');
        await this.read();
      } catch (problem) {
        complain(problem);
      }
    },
    openExport() {
      this.format = 'csv';
      this.openForm('export');
    },
    async exportLog() {
      if (this.dayFault || this.busy) return;
      const body = { format: this.format, ...(this.from && { start: this.from }), ...(this.until && { end: this.until }) };
      if (!(await this.trying(() => saveAnswer('/audit/export', body, `quantbox-audit.${this.format}`)))) return;
      this.closeForm('export');
      toast(t('audit.exported'));
      await this.read();
    },
    touch() {}, // of a date field: what it holds is watched
  });
}

start({ audit });
