// Ctrl+K: pages, actions and symbols in one list; on the market page a digit opens it as the symbol box.
import { get } from '../core/api.js';
import { t } from '../core/i18n.js';
import { isOwner } from '../core/person.js';

const SEARCH_MILLISECONDS = 120;
const RECENT_KEY = 'quantbox-recent-symbols';

const PAGES = [
  ['page.overview', '/', 'home', 'g o'], ['page.market', '/market', 'candles', 'g m'], ['page.backtests', '/backtests', 'chart', 'g b'],
  ['page.data', '/data', 'database', 'g d'], ['page.audit', '/audit', 'doc', 'g a'], ['page.settings', '/settings', 'sliders', 'g s'],
];
const ACTIONS = [
  ['action.new_backtest', 'new', 'plus', 'g n'], ['action.import', 'import', 'upload', ''], ['action.theme', 'theme', 'moon', ''],
  ['action.present', 'present', 'eye', ''], ['action.lock', 'lock', 'lock', ''], ['action.lock_vault', 'vault', 'vault', ''], ['action.shortcuts', 'help', 'keyboard', '?'],
];

const OWNERS = new Set(['/audit', 'vault']);

const recent = () => JSON.parse(sessionStorage.getItem(RECENT_KEY) || '[]');

export function palette() {
  return {
    text: '',
    symbols: [],
    active: 0,
    timer: 0,
    asked: 0,

    init() {
      window.addEventListener('quantbox:palette', (event) => this.open(event.detail));
      this.$el.addEventListener('close', () => { this.text = ''; });
    },
    open(text) {
      this.text = text;
      this.active = 0;
      this.symbols = text ? [] : recent();
      this.$root.showModal();
      this.$refs.entry.focus();
      this.$nextTick(() => this.$refs.entry.setSelectionRange(text.length, text.length));
      if (text) this.search();
    },
    get matches() {
      const wanted = this.text.trim().toLowerCase();
      const fits = (word) => !wanted || word.toLowerCase().includes(wanted);
      const symbols = this.symbols.map((item) => ({
        key: `s${item.symbol}`, group: t(this.text ? 'palette.symbols' : 'palette.recent'), icon: 'candles', label: item.name || item.symbol,
        note: item.is_demo ? `${item.symbol} · ${t('chip.demo')}` : item.symbol, go: () => this.openSymbol(item),
      }));
      const isOffered = (name) => isOwner() || !OWNERS.has(name);
      const pages = PAGES.filter(([key, url]) => fits(t(key)) && isOffered(url)).map(([key, url, icon, note]) => ({
        key, group: t('palette.pages'), icon, label: t(key), note, go: () => location.assign(url),
      }));
      const isDemo = document.documentElement.dataset.demo === 'true'; // nothing opens a locked demo again
      const actions = ACTIONS.filter(([key, name]) => fits(t(key)) && isOffered(name) && !(isDemo && (name === 'lock' || name === 'vault'))).map(([key, name, icon, note]) => ({
        key, group: t('palette.actions'), icon, label: t(key), note, go: () => this.act(name),
      }));
      const list = wanted ? [...symbols, ...pages, ...actions] : [...pages, ...actions, ...symbols];
      return list.map((item, index) => ({ ...item, index, head: index === 0 || list[index - 1].group !== item.group }));
    },
    get nothing() { return this.matches.length === 0; },
    typed() {
      this.active = 0;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.search(), SEARCH_MILLISECONDS);
    },
    async search() {
      const text = this.text.trim();
      const mine = ++this.asked;
      if (!text) {
        this.symbols = recent();
        return;
      }
      try {
        const page = await get('/market/instruments', { search: text, limit: 12 });
        if (mine === this.asked) this.symbols = page.items;
      } catch {
        this.symbols = []; // pages and actions still work
      }
    },
    move(step) {
      const count = this.matches.length;
      if (!count) return;
      this.active = (this.active + step + count) % count;
      this.$nextTick(() => this.$root.querySelector('.result.is-active').scrollIntoView({ block: 'nearest' }));
    },
    point(index) { this.active = index; },
    isActive(index) { return this.active === index; },
    choose() {
      const item = this.matches[this.active];
      if (!item) return;
      this.$root.close();
      item.go();
    },
    chooseAt(index) {
      this.active = index;
      this.choose();
    },
    openSymbol(item) {
      const kept = [{ symbol: item.symbol, name: item.name, is_demo: item.is_demo }, ...recent().filter((other) => other.symbol !== item.symbol)];
      sessionStorage.setItem(RECENT_KEY, JSON.stringify(kept.slice(0, 5)));
      const event = new CustomEvent('quantbox:symbol', { detail: item.symbol, cancelable: true });
      if (window.dispatchEvent(event)) location.assign(`/market/${item.symbol}`);
    },
    act(name) {
      if (name === 'new') location.assign('/backtests/new');
      else if (name === 'import') location.assign('/data#import');
      else window.dispatchEvent(new CustomEvent('quantbox:act', { detail: name }));
    },
  };
}
