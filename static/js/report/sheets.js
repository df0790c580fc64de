// The sheets of a report that need a canvas or a long table; each is built when it is first opened.
import { get } from '../core/api.js';
import { complain } from '../core/feedback.js';
import { integer, number, percent, signedPercent } from '../core/format.js';
import { t } from '../core/i18n.js';
import { inSight } from '../core/tables.js';
import { LiveChart, areaOption, equityOption } from '../charts/equity.js';
import { showPython } from './python.js';

const SPAN_DAYS = { '1y': 244, '3y': 732, all: Infinity };

/** Return what the equity chart shows: growth of 1, from the first day of the chosen span. */
export function readCurves(document_, report, cash, span) {
  const days = document_.equity;
  const from = Math.max(0, days.length - SPAN_DAYS[span]);
  const start = from ? Number(days[from].value) : Number(cash);
  const others = new Map(report.benchmark.values.map((point) => [point.date, Number(point.value)]));
  const dates = days.slice(from).map((point) => point.date);
  const firstOther = from ? others.get(dates[0]) : Number(report.benchmark.values.length ? report.benchmark.values[0].value : 1);
  const drawdown = report.drawdown.slice(from).map((point) => Number(point.value));
  const lowest = drawdown.reduce((best, value, index) => (value < drawdown[best] ? index : best), 0);
  return {
    dates,
    equity: days.slice(from).map((point) => Number(point.value) / start),
    benchmark: dates.map((date) => (others.has(date) ? others.get(date) / firstOther : null)),
    drawdown,
    deepest: drawdown[lowest] < 0 ? { date: dates[lowest], value: drawdown[lowest], late: lowest > dates.length * 0.7, text: `▼ ${t('report.deepest')} ${signedPercent(drawdown[lowest])}` } : null,
  };
}

/** The charts and tables of one report, kept outside Alpine's reactivity. */
export class Sheets {
  constructor(result, names) {
    this.result = result;
    this.names = names;
    this.made = new Map();
  }

  equity(element, view, onPoint) {
    this.view = view;
    if (!this.made.has('equity')) {
      this.made.set('equity', new LiveChart(element, () => equityOption(this.view), (index) => onPoint(index === null ? null : this.pointText(index))));
    } else {
      this.made.get('equity').draw();
    }
  }

  pointText(index) {
    const { dates, equity, benchmark, drawdown } = this.view;
    const at = typeof index === 'number' ? index : dates.indexOf(index);
    if (at < 0) return null;
    return { date: dates[at], equity: number(equity[at], 3), benchmark: number(benchmark[at], 3), drawdown: signedPercent(drawdown[at]) };
  }

  async trades(refs, onChoose) {
    const { tradeTable, tripTable, rejectedTable } = await import('./trades.js');
    await inSight(refs.trades);
    if (this.made.has('trades')) return;
    this.made.set('trades', [
      tradeTable(refs.trades, this.result.document.trades, this.names, onChoose),
      tripTable(refs.trips, this.result.report.round_trips || [], this.names),
      rejectedTable(refs.rejected, this.result.document.rejected || [], this.names),
    ]);
  }

  /** Show the K-line of `symbol` with its buys and sells; `chosen` is the index of a trade to bring into view. */
  async kline(element, symbol, span, chosen) {
    const { KlineChart } = await import('../charts/kline.js');
    if (!this.made.has('kline')) {
      const chart = new KlineChart(element);
      chart.setIndicators(['MA', 'VOL']);
      this.made.set('kline', chart);
    }
    const chart = this.made.get('kline');
    try {
      if (this.shown !== symbol) {
        const answer = await get(`/market/bars/${encodeURIComponent(symbol)}`, { adjust: 'none', frequency: '1d', ...span });
        this.shown = symbol;
        chart.show(symbol, '1d', answer.bars);
      }
    } catch (problem) {
      complain(problem);
      return;
    }
    const all = this.result.document.trades;
    const own = all.map((trade, index) => ({ ...trade, index })).filter((trade) => trade.symbol === symbol);
    const marks = own.map((trade) => ({ date: trade.date, side: trade.side, text: `${t(`side.${trade.side}`)} ${integer(trade.size)} @ ${number(trade.price)}` }));
    chart.setMarks(marks, own.findIndex((trade) => trade.index === chosen));
    if (chosen >= 0) chart.scrollTo(all[chosen].date);
  }

  exposure(element) {
    if (this.made.has('exposure')) return;
    const rows = this.result.report.exposure;
    this.made.set('exposure', new LiveChart(element, () => areaOption(rows.map((row) => row.date), rows.map((row) => Math.round(Number(row.fraction) * 10000) / 100))));
  }

  code(element, source, line) { showPython(element, source, line); }

  get averageExposure() {
    const rows = this.result.report.exposure;
    return rows.length ? percent((rows.reduce((sum, row) => sum + Number(row.fraction), 0) / rows.length) * 100, 1) : '–';
  }
}
