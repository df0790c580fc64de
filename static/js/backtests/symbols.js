// A box of chosen symbols: type a code, a name or pinyin, pick, remove; several may be pasted at once.
import { get } from '../core/api.js';

const SEARCH_MILLISECONDS = 150;

/** The state and behaviour of the symbol box; the page adds `symbolsChanged()`. */
export const symbolBox = {
  symbols: [],
  names: {},
  text: '',
  found: [],
  at: 0,
  timer: 0,
  boxOpen: false,

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.find(), SEARCH_MILLISECONDS);
  },
  async find() {
    const text = this.text.trim();
    this.at = 0;
    if (!text) {
      this.found = [];
      this.boxOpen = false;
      return;
    }
    try {
      const page = await get('/market/instruments', { search: text, limit: 8 });
      if (text !== this.text.trim()) return;
      this.found = page.items.filter((item) => !this.symbols.includes(item.symbol));
      this.boxOpen = true;
    } catch {
      this.found = []; // the box still takes a whole code on Enter
    }
  },
  move(step) {
    if (this.found.length) this.at = (this.at + step + this.found.length) % this.found.length;
  },
  pick(item) {
    this.names[item.symbol] = item.name;
    if (!this.symbols.includes(item.symbol)) this.symbols = [...this.symbols, item.symbol];
    this.text = '';
    this.found = [];
    this.boxOpen = false;
    this.symbolsChanged();
  },
  enter() {
    const codes = this.text.split(/[\s,;\uff0c\uff1b]+/).filter(Boolean);
    if (codes.length <= 1 && this.found[this.at]) this.pick(this.found[this.at]);
    else codes.forEach((code) => this.take(code));
  },
  async take(code) {
    try {
      this.pick(await get(`/market/instruments/${encodeURIComponent(code)}`));
    } catch {
      this.boxOpen = true; // shown as "nothing found"; the text stays for correction
    }
  },
  backspace() {
    if (!this.text && this.symbols.length) this.drop(this.symbols[this.symbols.length - 1]);
  },
  drop(symbol) {
    this.symbols = this.symbols.filter((other) => other !== symbol);
    this.symbolsChanged();
  },
  closeBox() { this.boxOpen = false; },
  isAt(index) { return this.at === index; },
};
