// The K-line chart of 行情 and of the report: klinecharts dressed in the house's tokens.
import { dispose, init, registerOverlay } from '../../vendor/klinecharts.js';
import { colour, faint, FONT, onAppearance } from '../core/appearance.js';
import { language } from '../core/i18n.js';
import { short } from '../core/format.js';

const PERIODS = {
  '1d': { type: 'day', span: 1 }, '1w': { type: 'week', span: 1 }, '1M': { type: 'month', span: 1 }, '1m': { type: 'minute', span: 1 },
  '5m': { type: 'minute', span: 5 }, '15m': { type: 'minute', span: 15 }, '30m': { type: 'minute', span: 30 }, '60m': { type: 'hour', span: 1 },
};
const PARAMETERS = { MA: [5, 10, 20, 60], VOL: [5, 10] };
const DIGITS = { MACD: 3 };
const OVER_CANDLES = new Set(['MA', 'EMA', 'BOLL', 'SAR', 'BBI']);
const MARK_GAP = 6;
const MARK_SIZE = 5;

registerOverlay({
  name: 'tradeMark',
  totalStep: 1,
  needDefaultPointFigure: false,
  needDefaultXAxisFigure: false,
  needDefaultYAxisFigure: false,
  createPointFigures({ coordinates: [at], overlay }) {
    const { side, text, paint, ground, chosen } = overlay.extendData;
    const way = side === 'buy' ? 1 : -1;
    const tip = at.y + way * MARK_GAP;
    const end = tip + way * MARK_SIZE * 1.6;
    const triangle = [{ x: at.x, y: tip }, { x: at.x - MARK_SIZE, y: end }, { x: at.x + MARK_SIZE, y: end }];
    const shape = { type: 'polygon', attrs: { coordinates: triangle }, styles: { style: 'fill', color: paint } };
    if (!chosen) return shape;
    const words = { x: at.x, y: end + way * 2, text, align: 'center', baseline: way > 0 ? 'top' : 'bottom' };
    return [shape, { type: 'text', attrs: words, styles: { style: 'fill', color: paint, backgroundColor: ground, size: 12, family: FONT } }];
  },
});

function styles() {
  const text = { color: colour('text3'), family: FONT, size: 12 };
  const legend = { ...text, marginLeft: 0, marginRight: 12, marginTop: 8, marginBottom: 4 };
  const up = colour('up');
  const down = colour('down');
  const flat = colour('text3');
  const none = { show: false };
  const cross = { line: { color: colour('ctl'), dashedValue: [4, 3] }, text: { color: colour('text'), backgroundColor: colour('line2'), borderSize: 0, family: FONT, borderRadius: 2 } };
  const axis = { axisLine: { color: colour('line') }, tickLine: none, tickText: { ...text, marginStart: 4, marginEnd: 6 } };
  const lines = ['s3', 's1', 's4', 's5', 's6'].map((token) => ({ color: colour(token), size: 1.5, smooth: false, style: 'solid', dashedValue: [2, 2] }));
  const series = { upColor: up, downColor: down, noChangeColor: flat };
  return {
    grid: { horizontal: { color: colour('line'), style: 'solid' }, vertical: none },
    candle: {
      type: 'candle_up_stroke',
      bar: { ...series, upBorderColor: up, downBorderColor: down, noChangeBorderColor: flat, upWickColor: up, downWickColor: down, noChangeWickColor: flat },
      priceMark: {
        high: { color: colour('text2'), textFamily: FONT, textSize: 12 },
        low: { color: colour('text2'), textFamily: FONT, textSize: 12 },
        last: { ...series, line: { dashedValue: [4, 3] }, text: { color: colour('onlast'), family: FONT, weight: 700, borderRadius: 2, paddingLeft: 4, paddingRight: 4 } },
      },
      tooltip: { showRule: 'none', offsetLeft: 12 },
    },
    indicator: {
      ohlc: series,
      bars: [{ style: 'fill', ...series, borderStyle: 'solid', borderSize: 1, borderDashedValue: [2, 2] }],
      lines,
      circles: [{ style: 'fill', ...series }],
      lastValueMark: none,
      tooltip: { offsetLeft: 12, offsetTop: 0, title: { ...legend, color: colour('text2') }, legend: { ...legend, defaultValue: '–' } },
    },
    xAxis: axis,
    yAxis: axis,
    separator: { color: colour('line'), activeBackgroundColor: faint('accent', 0.12) },
    crosshair: { horizontal: cross, vertical: cross },
  };
}

/** One chart in `element`; call `destroy()` when the element goes. */
export class KlineChart {
  constructor(element, { onBar } = {}) {
    this.element = element;
    this.bars = [];
    this.panes = new Map();
    this.chart = init(element, {
      locale: language === 'zh' ? 'zh-CN' : 'en-US',
      timezone: 'Asia/Shanghai',
      styles: styles(),
      formatter: { formatBigNumber: (value) => short(value) },
      thousandsSeparator: { sign: ',' },
      decimalFold: { threshold: 100 },
      layout: { yAxis: { gap: { top: 56, bottom: 16 } } },
    });
    element.querySelector('[tabindex="1"]').tabIndex = -1; // the library would come first in the page's tab order
    this.chart.setBarSpace(8);
    this.chart.setOffsetRightDistance(16);
    this.chart.setDataLoader({ getBars: ({ type, callback }) => callback(type === 'init' ? this.bars : [], false) });
    if (onBar) this.chart.subscribeAction('onCrosshairChange', (cross) => onBar(cross && cross.kLineData ? cross.kLineData : null));
    this.forget = onAppearance(() => this.restyle());
    this.watcher = new ResizeObserver(() => { if (element.clientHeight) this.chart.resize(); });
    this.watcher.observe(element);
  }

  /** Show `bars` ([time, open, high, low, close, volume, amount]) of `symbol`. */
  show(symbol, frequency, bars, digits = 2) {
    this.bars = bars.map(([time, open, high, low, close, volume, amount]) => ({
      timestamp: typeof time === 'number' ? time : Date.parse(`${time}T00:00:00+08:00`), open, high, low, close, volume: volume ?? 0, turnover: amount ?? 0, time,
    }));
    const same = this.chart.getSymbol() && this.chart.getSymbol().ticker === symbol;
    this.chart.setPeriod(PERIODS[frequency]);
    this.chart.setSymbol({ ticker: symbol, pricePrecision: digits, volumePrecision: 0 });
    if (same) this.chart.resetData();
  }

  /** Show exactly the indicators named in `names`, in that order. */
  setIndicators(names) {
    for (const [name, id] of this.panes) {
      if (!names.includes(name)) {
        this.chart.removeIndicator({ id });
        this.panes.delete(name);
      }
    }
    for (const name of names.filter((item) => !this.panes.has(item))) {
      const create = { name, ...(PARAMETERS[name] && { calcParams: PARAMETERS[name] }), ...(DIGITS[name] && { precision: DIGITS[name] }) };
      const id = OVER_CANDLES.has(name) ? this.chart.createIndicator({ ...create, paneId: 'candle_pane' }, true) : this.chart.createIndicator(create);
      this.panes.set(name, id);
    }
  }

  /** Put a mark at every trade; `chosen` is the index whose words are written out. */
  setMarks(marks, chosen = -1) {
    this.marks = marks;
    this.chosen = chosen;
    this.chart.removeOverlay({ groupId: 'trades' });
    const extremes = new Map(this.bars.map((bar) => [bar.time, bar]));
    marks.forEach((mark, index) => {
      const bar = extremes.get(mark.date);
      if (!bar) return;
      this.chart.createOverlay({
        name: 'tradeMark', groupId: 'trades', lock: true, points: [{ timestamp: bar.timestamp, value: mark.side === 'buy' ? bar.low : bar.high }],
        extendData: { side: mark.side, text: mark.text, paint: colour(mark.side === 'buy' ? 'up' : 'down'), ground: colour('surface'), chosen: index === chosen },
      });
    });
  }

  /** Bring the bar of `date` into view. */
  scrollTo(date) {
    const index = this.bars.findIndex((bar) => bar.time >= date);
    if (index >= 0) this.chart.scrollToDataIndex(Math.min(this.bars.length - 1, index + 30));
  }

  /** Move by bars with the keyboard. */
  move(bars) { this.chart.scrollByDistance(bars * this.chart.getBarSpace().bar); }

  zoom(scale) { this.chart.zoomAtDataIndex(scale, this.bars.length - 1); }

  restyle() {
    this.chart.setStyles(styles());
    if (this.marks) this.setMarks(this.marks, this.chosen);
  }

  destroy() {
    this.forget();
    this.watcher.disconnect();
    dispose(this.element);
  }
}
