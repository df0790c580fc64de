// The wizard's last page: which data to begin with, and the first backtest on it.
import { get, post } from '../core/api.js';
import { isFinal } from '../core/events.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { importing } from '../data/importing.js';

const FIRST_YEARS = 3;
const WATCH_MILLISECONDS = 700;

async function firstInstrument(symbol) {
  if (symbol) return get(`/market/instruments/${encodeURIComponent(symbol)}`);
  const [stock] = (await get('/market/instruments', { kind: 'stock', limit: 1 })).items;
  return stock || (await get('/market/instruments', { limit: 1 })).items[0];
}

export const firstData = joined(importing, {
  choice: 'demo',
  starting: false,

  choose(choice) { this.choice = choice; },
  isChosen(choice) { return this.choice === choice; },
  get canFinish() { return !this.starting && !this.isImporting && (this.choice !== 'files' || (this.outcome !== null && this.files.some((file) => file.good))); },
  get finishMissing() { return this.choice === 'files' && !this.canFinish && !this.starting && !this.isImporting ? t('welcome.need_files') : ''; },
  get finishText() {
    if (this.starting) return t('welcome.starting');
    return t(this.choice === 'later' ? 'welcome.to_overview' : 'welcome.run_action');
  },
  async watchImport() {
    while (this.importJob && !isFinal(this.importJob.state)) {
      await new Promise((resolve) => { setTimeout(resolve, WATCH_MILLISECONDS); });
      this.takeImport(await get(`/jobs/${this.importJob.id}`));
    }
  },
  async dropAndWatch(event) {
    await this.dropFiles(event);
    await this.watchImport();
  },
  async pickAndWatch(event) {
    await this.pickFiles(event);
    await this.watchImport();
  },
  async finish() {
    if (!this.canFinish) return;
    if (this.choice === 'later') {
      location.assign('/');
      return;
    }
    this.starting = true;
    this.fault = null;
    try {
      const symbol = this.choice === 'demo' ? (await post('/data/demo')).sample_symbol : '';
      location.assign(`/backtests/${(await this.runFirst(symbol)).id}`);
    } catch (problem) {
      this.fault = { message: problem.message, hint: problem.hint };
      this.starting = false;
    }
  },
  async runFirst(symbol) {
    const [samples, stock, settings] = await Promise.all([get('/backtests/samples'), firstInstrument(symbol), get('/settings')]);
    const [sample] = samples;
    const last = stock.last_date || (await get('/overview')).stored.last;
    const first = `${Number(last.slice(0, 4)) - FIRST_YEARS}${last.slice(4).replace('-02-29', '-02-28')}`;
    return post('/backtests', {
      source: sample.source, file_name: sample.file_name, class_name: sample.class_name, symbols: [stock.symbol], start: first, end: last, cash: String(settings.initial_cash), params: {}, rules: true,
    });
  },
});
