// 行情: choose on the left, read in the middle, check on the right.
import { get } from '../core/api.js';
import { start } from '../core/app.js';
import { complain } from '../core/feedback.js';
import { code } from '../core/format.js';
import { knows, t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { isTyping } from '../shell/keys.js';
import { KlineChart } from '../charts/kline.js';
import { list } from './list.js';
import { facts } from './facts.js';

const INDICATORS_KEY = 'quantbox-indicators';
const INDICATORS = ['MA', 'EMA', 'BOLL', 'BBI', 'SAR', 'VOL', 'MACD', 'KDJ', 'RSI', 'WR', 'BIAS', 'CCI', 'DMI', 'OBV', 'PSY', 'BRAR', 'CR', 'DMA'];
const MINUTES = ['1m', '5m', '15m', '30m', '60m'];

function market() {
  let chart = null; // outside Alpine's reactivity: a canvas library must not be wrapped in proxies
  return joined(list, facts, {
    symbol: '',
    instrument: null,
    bars: null,
    barsLoading: false,
    problem: '',
    frequency: '1d',
    adjust: 'none',
    menuOpen: false,
    indicators: JSON.parse(localStorage.getItem(INDICATORS_KEY) || '["MA","VOL","MACD"]'),
    pointed: null,
    allIndicators: INDICATORS,

    async init() {
      this.symbol = decodeURIComponent(location.pathname.split('/')[2] || '');
      window.addEventListener('popstate', () => this.select(decodeURIComponent(location.pathname.split('/')[2] || ''), false));
      window.addEventListener('resize', () => this.measure());
      window.addEventListener('quantbox:symbol', (event) => {
        event.preventDefault();
        this.select(event.detail);
      });
      document.addEventListener('keydown', (event) => this.onKey(event));
      const reading = this.readList();
      if (this.symbol) await this.select(this.symbol, false);
      await reading;
      if (!this.symbol && this.shown.length) await this.select(this.shown[0].symbol, false);
    },
    async select(symbol, push = true) {
      if (!symbol) return;
      this.symbol = symbol;
      if (push && location.pathname !== `/market/${symbol}`) history.pushState(null, '', `/market/${symbol}`);
      try {
        this.instrument = await get(`/market/instruments/${encodeURIComponent(symbol)}`);
        if (this.symbol !== symbol) return;
        this.problem = '';
        if (!this.frequencies.includes(this.frequency)) [this.frequency] = this.frequencies;
        if (!this.canAdjust) this.adjust = 'none';
        document.title = `${this.instrument.name || symbol} · ${t('page.market')}`;
        await this.readBars();
      } catch (problem) {
        this.instrument = null;
        this.bars = null;
        this.problem = problem.message;
      }
    },
    async readBars() {
      const wanted = { symbol: this.symbol, frequency: this.frequency, adjust: this.adjust };
      this.barsLoading = true;
      try {
        const answer = await get(`/market/bars/${encodeURIComponent(this.symbol)}`, {
          frequency: this.frequency, adjust: this.adjust, display: this.displayOnly ? 'true' : undefined,
        });
        if (wanted.symbol !== this.symbol || wanted.frequency !== this.frequency || wanted.adjust !== this.adjust) return;
        this.bars = answer;
        this.$nextTick(() => this.draw());
      } catch (problem) {
        complain(problem);
      }
      this.barsLoading = false;
    },
    draw() {
      if (!chart) {
        chart = new KlineChart(this.$refs.chart, { onBar: (bar) => { this.pointed = bar; } });
        chart.setIndicators(this.indicators);
      }
      this.pointed = null;
      chart.show(this.symbol, this.frequency, this.bars.bars, this.digits);
    },
    get digits() { return this.bars.bars.some((bar) => Math.round(bar[4] * 1000) % 10) ? 3 : 2; },
    get frequencies() {
      const stored = this.instrument ? this.instrument.series.map((series) => series.frequency) : [];
      const minutes = MINUTES.filter((frequency) => stored.includes(frequency));
      return stored.includes('1d') || !minutes.length ? [...minutes, '1d', '1w', '1M'] : minutes;
    },
    get stored() {
      if (!this.instrument) return null;
      const base = MINUTES.includes(this.frequency) ? this.frequency : '1d';
      const fitting = this.instrument.series.filter((series) => series.frequency === base);
      return fitting.find((series) => !series.is_display_only) || fitting[0] || null;
    },
    get displayOnly() { return this.stored !== null && this.stored.is_display_only; },
    get canAdjust() { return this.stored !== null && this.stored.factor_known && !this.displayOnly && this.instrument.kind !== 'index'; },
    get adjustTip() { return this.canAdjust ? '' : t(this.instrument && this.instrument.kind === 'index' ? 'market.adjust_index' : this.displayOnly ? 'market.adjust_display' : 'market.adjust_unknown'); },
    setFrequency(frequency) {
      this.frequency = frequency;
      if (!this.canAdjust) this.adjust = 'none';
      this.readBars();
    },
    setAdjust(adjust) {
      if (!this.canAdjust && adjust !== 'none') return;
      this.adjust = adjust;
      this.readBars();
    },
    toggleMenu() { this.menuOpen = !this.menuOpen; },
    closeMenu() { this.menuOpen = false; },
    hasIndicator(name) { return this.indicators.includes(name); },
    toggleIndicator(name) {
      const chosen = this.hasIndicator(name) ? this.indicators.filter((item) => item !== name) : [...this.indicators, name];
      this.indicators = INDICATORS.filter((item) => chosen.includes(item));
      localStorage.setItem(INDICATORS_KEY, JSON.stringify(this.indicators));
      if (chart) chart.setIndicators(this.indicators);
    },
    indicatorText(name) { return knows(`indicator.${name}`) ? t(`indicator.${name}`) : name; },
    onKey(event) {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || !chart) return;
      const acts = {
        ArrowLeft: () => chart.move(10), ArrowRight: () => chart.move(-10), '+': () => chart.zoom(1.2), '=': () => chart.zoom(1.2), '-': () => chart.zoom(0.8),
        j: () => this.step(1), k: () => this.step(-1), ArrowDown: () => this.step(1), ArrowUp: () => this.step(-1),
      };
      if (acts[event.key]) {
        event.preventDefault();
        acts[event.key]();
      }
    },
    code,
  });
}

start({ market });
