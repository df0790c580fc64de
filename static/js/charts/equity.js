// Equity against its benchmark with the drawdown below on the same time axis; values go to a fixed legend row.
import { init } from '../../vendor/echarts.js';
import { colour, faint, FONT, onAppearance } from '../core/appearance.js';

const EQUITY_SHARE = '56%';
const DRAWDOWN_SHARE = '22%';

const axisText = () => ({ color: colour('text3'), fontSize: 12, fontFamily: FONT });
const minus = (text) => text.replace('-', '\u2212');

/** A chart of ECharts that follows size and colours; `build()` returns its option. */
export class LiveChart {
  constructor(element, build, onPoint) {
    this.build = build;
    this.chart = init(element);
    this.watcher = new ResizeObserver(() => { if (element.clientHeight) this.chart.resize(); });
    this.watcher.observe(element);
    this.forget = onAppearance(() => this.draw());
    if (onPoint) {
      this.chart.on('updateAxisPointer', (event) => {
        const axis = event.axesInfo && event.axesInfo[0];
        onPoint(axis ? axis.value : null);
      });
      this.chart.getZr().on('globalout', () => onPoint(null));
    }
    this.draw();
  }

  draw() { this.chart.setOption(this.build(), { notMerge: true }); }

  destroy() {
    this.forget();
    this.watcher.disconnect();
    this.chart.dispose();
  }
}

export const tooltip = () => ({ trigger: 'axis', renderMode: 'richText', showContent: false, axisPointer: { type: 'line', lineStyle: { color: colour('ctl'), type: [4, 3], width: 1 } } });

export function timeAxis(dates, gridIndex, labels) {
  const text = axisText();
  return {
    type: 'category', data: dates, gridIndex, boundaryGap: false, axisTick: { show: false }, axisLine: { show: labels, lineStyle: { color: colour('line2') } },
    axisLabel: { ...text, show: labels, showMinLabel: false, hideOverlap: true, interval: yearly(dates), formatter: short(dates) },
    splitLine: { show: false },
  };
}

const spanYears = (dates) => (dates.length ? Number(dates[dates.length - 1].slice(0, 4)) - Number(dates[0].slice(0, 4)) : 0);

/** Label the first day of each year, or of each month where the span is short. */
function yearly(dates) {
  const length = spanYears(dates) >= 2 ? 4 : 7;
  const several = length === 7 ? Math.max(1, Math.ceil(dates.length / 21 / 10)) : 1;
  let seen = 0;
  const marks = new Set();
  dates.forEach((date, index) => {
    if (index > 0 && date.slice(0, length) !== dates[index - 1].slice(0, length)) {
      if (seen % several === 0) marks.add(index);
      seen += 1;
    }
  });
  return (index) => marks.has(index);
}

const short = (dates) => (spanYears(dates) >= 2 ? (value) => value.slice(0, 4) : (value) => value.slice(0, 7));

export function valueAxis(gridIndex, extra) {
  return {
    type: 'value', gridIndex, axisTick: { show: false }, axisLine: { show: false }, splitNumber: 4, scale: true,
    splitLine: { lineStyle: { color: colour('line') } }, axisLabel: axisText(), ...extra,
  };
}

/** Return the option for `view` = {dates, equity, benchmark, drawdown, logarithmic, deepest}. */
export function equityOption(view) {
  const cross = { link: [{ xAxisIndex: 'all' }] };
  const line = (name, data, token, extra) => ({ name, type: 'line', data, showSymbol: false, animation: false, lineStyle: { color: colour(token), width: 2 }, itemStyle: { color: colour(token) }, ...extra });
  return {
    animation: false,
    textStyle: { fontFamily: FONT },
    axisPointer: cross,
    tooltip: tooltip(),
    grid: [{ left: 48, right: 8, top: 12, height: EQUITY_SHARE }, { left: 48, right: 8, bottom: 28, height: DRAWDOWN_SHARE }],
    xAxis: [timeAxis(view.dates, 0, false), timeAxis(view.dates, 1, true)],
    yAxis: [
      valueAxis(0, { type: view.logarithmic ? 'log' : 'value', logBase: 2, min: view.logarithmic ? 'dataMin' : undefined, axisLabel: { ...axisText(), formatter: (value) => value.toFixed(2) } }),
      valueAxis(1, { max: 0, scale: false, splitNumber: 2, axisLabel: { ...axisText(), formatter: (value) => minus(`${value}${value ? '%' : ''}`) } }),
    ],
    series: [
      line('benchmark', view.benchmark, 's2', { xAxisIndex: 0, yAxisIndex: 0, connectNulls: true, lineStyle: { color: colour('s2'), width: 1.5, type: [4, 3] } }),
      line('equity', view.equity, 's1', { xAxisIndex: 0, yAxisIndex: 0 }),
      line('drawdown', view.drawdown, 'down', {
        xAxisIndex: 1, yAxisIndex: 1, lineStyle: { color: colour('down'), width: 1 }, areaStyle: { color: faint('down', 0.16), origin: 'end' },
        markPoint: view.deepest ? {
          symbol: 'circle', symbolSize: 6, data: [{ coord: [view.deepest.date, view.deepest.value] }],
          label: { show: true, position: view.deepest.late ? 'left' : 'right', distance: 8, formatter: view.deepest.text, color: colour('down'), fontSize: 12, fontFamily: FONT },
        } : undefined,
      }),
    ],
  };
}

/** Return the option of a plain area of percentages over time (exposure). */
export function areaOption(dates, values) {
  return {
    animation: false,
    tooltip: tooltip(),
    grid: { left: 48, right: 8, top: 12, bottom: 28 },
    xAxis: timeAxis(dates, 0, true),
    yAxis: valueAxis(0, { min: 0, scale: false, axisLabel: { ...axisText(), formatter: (value) => `${value}%` } }),
    series: [{ type: 'line', data: values, showSymbol: false, step: 'end', lineStyle: { color: colour('s1'), width: 1.5 }, itemStyle: { color: colour('s1') }, areaStyle: { color: faint('s1', 0.07) } }],
  };
}
