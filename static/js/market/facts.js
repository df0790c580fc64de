// What is known of the chosen instrument: the figures of the pointed bar, the limits, the spans, what is stored.
import { dateTime, integer, percent, price, short, signedPercent } from '../core/format.js';
import { knows, t } from '../core/i18n.js';

const SPANS = [['5', 5], ['20', 20], ['60', 60], ['250', 250]];

export const facts = {
  get bar() {
    if (this.pointed) return [this.pointed.time, this.pointed.open, this.pointed.high, this.pointed.low, this.pointed.close, this.pointed.volume, this.pointed.turnover];
    return this.bars && this.bars.bars.length ? this.bars.bars[this.bars.bars.length - 1] : null;
  },
  get before() {
    if (!this.bar) return null;
    const { last_date: last, close, change } = this.instrument;
    if (this.frequency === '1d' && this.adjust === 'none' && this.bar[0] === last && change !== null) return close - change; // the exchange's own, also on an ex-date
    const rows = this.bars.bars;
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle][0] < this.bar[0]) low = middle + 1;
      else high = middle;
    }
    return low > 0 ? rows[low - 1][4] : null;
  },
  get move() { return this.bar && this.before ? this.bar[4] - this.before : null; },
  get movePct() { return this.bar && this.before ? (this.bar[4] / this.before - 1) * 100 : null; },
  get quote() {
    if (!this.bar) return [];
    const [, open, high, low, , volume, amount] = this.bar;
    const against = (value) => (this.before ? { value: price(value), tone: value > this.before ? 'up' : value < this.before ? 'down' : '' } : { value: price(value), tone: '' });
    return [
      { label: t('bar.open'), ...against(open) }, { label: t('bar.high'), ...against(high) }, { label: t('bar.volume'), value: short(volume), tone: '' },
      { label: t(this.frequency === '1d' ? 'bar.pre_close' : 'bar.before'), value: price(this.before), tone: '' }, { label: t('bar.low'), ...against(low) }, { label: t('bar.amount'), value: amount ? short(amount) : '–', tone: '' },
    ];
  },
  get barTime() {
    if (!this.bar) return '';
    return typeof this.bar[0] === 'number' ? dateTime(this.bar[0]) : this.bar[0];
  },
  get about() {
    if (!this.instrument) return '';
    const { kind, board, symbol } = this.instrument;
    return [symbol, board && knows(`board.${board}`) ? t(`board.${board}`) : t(`instrument.${kind}`)].join(' · ');
  },
  get rules() {
    const { limits, lot, listed_on: listed, delisted_on: delisted } = this.instrument;
    const rows = [];
    if (limits) {
      rows.push({ label: t('fact.upper'), value: limits.upper === null ? t('fact.no_limit') : price(limits.upper), tone: 'up' });
      rows.push({ label: t('fact.lower'), value: limits.lower === null ? t('fact.no_limit') : price(limits.lower), tone: 'down' });
    }
    if (lot) rows.push({ label: t('fact.lot'), value: this.lotText(lot), tone: '' });
    rows.push({ label: t('fact.listed'), value: listed || t('fact.unknown'), tone: '' });
    if (delisted) rows.push({ label: t('fact.delisted'), value: delisted, tone: 'warn' });
    return rows;
  },
  lotText(lot) {
    const minimum = typeof lot === 'object' ? lot.minimum : lot;
    return t('fact.shares', { n: integer(minimum) });
  },
  get spans() {
    if (!this.bars || this.bars.bars.length < 2) return [];
    const rows = this.bars.bars;
    const last = rows[rows.length - 1][4];
    const found = SPANS.filter(([, count]) => rows.length > count).map(([key, count]) => {
      const change = (last / rows[rows.length - 1 - count][4] - 1) * 100;
      return { label: t('span.bars', { n: key }), value: signedPercent(change), tone: change > 0 ? 'up' : change < 0 ? 'down' : 'flat' };
    });
    const year = rows.slice(-250);
    const high = Math.max(...year.map((row) => row[2]));
    const low = Math.min(...year.map((row) => row[3]));
    found.push({ label: t('span.high', { n: year.length }), value: price(high), tone: '' }, { label: t('span.low', { n: year.length }), value: price(low), tone: '' });
    if (high > low) found.push({ label: t('span.place'), value: percent(((last - low) / (high - low)) * 100, 0), tone: '' });
    const amounts = rows.slice(-20).map((row) => row[6]).filter((amount) => amount > 0);
    if (amounts.length) found.push({ label: t('span.amount'), value: short(amounts.reduce((sum, amount) => sum + amount, 0) / amounts.length), tone: '' });
    return found;
  },
  get seriesRows() {
    return this.instrument.series.map((series) => ({
      ...series,
      key: `${series.frequency}${series.is_display_only}`,
      title: [t(`frequency.${series.frequency}`), t(`adjust.${series.adjust}`)].join(' · '),
      span: `${series.first} – ${series.last}`,
      count: t('fact.bars', { n: integer(series.rows) }),
      factor: t(series.is_display_only ? 'fact.display_only' : series.factor_known ? 'fact.factor_known' : 'fact.factor_unknown'),
      warn: series.is_display_only || !series.factor_known,
      from: knows(`origin.${series.origin}`) ? t(`origin.${series.origin}`) : series.origin,
      updated: dateTime(series.updated_at),
    }));
  },
  get asOf() {
    const rows = this.bars ? this.bars.bars : [];
    if (!rows.length) return '';
    const last = rows[rows.length - 1][0];
    return t('time.as_of', { date: typeof last === 'number' ? dateTime(last) : last });
  },
  get updatedText() { return this.bars ? t('market.updated', { time: dateTime(this.bars.as_of) }) : ''; },
  get originText() { return this.bars ? (knows(`origin.${this.bars.origin}`) ? t(`origin.${this.bars.origin}`) : this.bars.origin) : ''; },
};
