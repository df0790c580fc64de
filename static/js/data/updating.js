// The online update: which symbols, from when, how far it is, what came of it; and the demo market.
import { get, post } from '../core/api.js';
import { complain, toast } from '../core/feedback.js';
import { isFinal } from '../core/events.js';
import { integer } from '../core/format.js';
import { stateText } from '../core/jobs.js';
import { hintOf, pick, t } from '../core/i18n.js';

const PROBLEMS_SHOWN = 6;
const NAMES_SHOWN = 3;

/** Return the problems by their sentence, each with what it concerns. */
function gather(problems) {
  const concerned = new Map();
  for (const { what, text } of problems) concerned.set(text, [...(concerned.get(text) || []), what]);
  return [...concerned].slice(0, PROBLEMS_SHOWN).map(([text, names]) => {
    const shown = names.slice(0, NAMES_SHOWN).join(' · ');
    return { key: text, what: names.length > NAMES_SHOWN ? t('update.and_more', { shown, n: names.length }) : shown, text };
  });
}

export const updating = {
  updateJob: null,
  updateAll: true,
  updateStart: '',
  updateDone: null,
  loadingDemo: false,

  openUpdate() {
    this.updateAll = this.symbols.length === 0;
    this.$refs.update.showModal();
  },
  closeUpdate() { this.$refs.update.close(); },
  async sendUpdate() {
    if (!this.updateAll && !this.symbols.length) return;
    try {
      this.updateDone = null;
      this.takeUpdate(await post('/data/updates', { symbols: this.updateAll ? 'all' : this.symbols, ...(this.updateStart && { start: this.updateStart }) }));
      this.closeUpdate();
    } catch (problem) {
      complain(problem);
    }
  },
  takeUpdate(job) {
    if (job.kind !== 'data_update') return;
    if (this.updateJob && this.updateJob.id !== job.id && isFinal(job.state)) return;
    if (this.updateJob && this.updateJob.id === job.id && isFinal(this.updateJob.state)) return;
    if (!this.updateJob && isFinal(job.state)) return;
    this.updateJob = job;
    if (isFinal(job.state)) this.readUpdate(job);
  },
  async readUpdate(job) {
    const code = job.reason ? job.reason.code : '';
    if (job.state !== 'succeeded' && code !== 'market_data.nothing_updated') { // which says why of every symbol
      if (job.reason) toast(pick(job.reason.message), { kind: 'stop', hint: hintOf(job.reason) });
      return;
    }
    try {
      this.updateDone = await get(`/data/updates/${job.id}`);
    } catch (problem) {
      complain(problem);
    }
  },
  async cancelUpdate() {
    try {
      this.updateJob = await post(`/jobs/${this.updateJob.id}/cancel`);
    } catch (problem) {
      complain(problem);
    }
  },
  get isUpdating() { return this.updateJob !== null && !isFinal(this.updateJob.state); },
  get updateProblems() {
    if (!this.updateDone) return [];
    const { reference_problems: reference, symbols } = this.updateDone;
    return gather([
      ...reference.map((item) => ({ what: t(`update.what_${item.what}`), text: pick(item.message) })),
      ...symbols.filter((item) => item.error).map((item) => ({ what: item.symbol, text: pick(item.error.message) })),
    ]);
  },
  get updateHint() { return this.updateJob && this.updateJob.reason ? hintOf(this.updateJob.reason) : ''; },
  get updateText() {
    if (!this.updateDone || !this.updateJob) return '';
    if (this.updateJob.state !== 'succeeded') return stateText(this.updateJob.state);
    const rows = this.updateDone.symbols.reduce((sum, item) => sum + item.rows, 0);
    return t('update.done', { n: integer(this.updateDone.symbols.length - this.updateDone.failed), rows: integer(rows) });
  },
  get canUpdate() { return this.updateAll || this.symbols.length > 0; },
  async loadDemo() {
    this.loadingDemo = true;
    try {
      const loaded = await post('/data/demo');
      toast(t('data.demo_loaded', { symbols: integer(loaded.symbols), bars: integer(loaded.bars) }));
      sessionStorage.removeItem('quantbox-freshness');
      await this.read();
      await this.readSide();
    } catch (problem) {
      complain(problem);
    }
    this.loadingDemo = false;
  },
};
