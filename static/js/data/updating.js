// The online update: which symbols, from when, how far it is, what came of it; and the demo market.
import { get, post } from '../core/api.js';
import { complain, toast } from '../core/feedback.js';
import { isFinal } from '../core/events.js';
import { integer } from '../core/format.js';
import { hintOf, pick, t } from '../core/i18n.js';

const PROBLEMS_SHOWN = 6;

const problemText = (item) => pick(item.message) || pick(item.reason) || item.code || '';

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
    if (job.state === 'succeeded') {
      try {
        this.updateDone = await get(`/data/updates/${job.id}`);
      } catch (problem) {
        complain(problem);
      }
    } else if (job.reason) {
      toast(pick(job.reason.message), { kind: 'stop', hint: hintOf(job.reason) });
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
    const document_ = this.updateDone || {};
    const found = [...(document_.reference_problems || []), ...(document_.symbols || []).filter((item) => item.error).map((item) => ({ ...(typeof item.error === 'object' ? item.error : { message: item.error }), what: item.symbol }))];
    return found.slice(0, PROBLEMS_SHOWN).map((item, index) => ({ key: index, text: [item.what, problemText(item)].filter(Boolean).join(' · ') }));
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
