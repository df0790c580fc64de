// The instrument list: five thousand rows, of which only those in sight are drawn.
import { getAll } from '../core/api.js';
import { complain } from '../core/feedback.js';

const ROW_PIXELS = () => (matchMedia('(max-width: 1024px)').matches ? 56 : 40);
const SPARE_ROWS = 4;

/** The state and behaviour of the left column. */
export const list = {
  items: [],
  listLoading: true,
  kind: 'stock',
  search: '',
  order: 'change',
  descending: true,
  first: 0,
  visible: 24,

  async readList() {
    try {
      this.items = await getAll('/market/instruments', {}, (items) => {
        this.items = [...items];
        this.listLoading = false;
      });
      if (this.items.length && !this.items.some((item) => item.kind === 'stock')) this.kind = 'all';
    } catch (problem) {
      complain(problem);
    }
    this.listLoading = false;
    this.$nextTick(() => this.measure());
  },
  get kinds() {
    const present = new Set(this.items.map((item) => item.kind));
    return ['all', 'stock', 'index', 'fund'].filter((kind) => kind === 'all' || present.has(kind));
  },
  get shown() {
    const wanted = this.search.trim().toLowerCase();
    const rows = this.items.filter((item) => (this.kind === 'all' || item.kind === this.kind)
      && (!wanted || item.symbol.toLowerCase().includes(wanted) || (item.name || '').toLowerCase().includes(wanted)
        || (item.pinyin || '').startsWith(wanted)));
    const sign = this.descending ? -1 : 1;
    const value = this.order === 'change' ? (item) => item.change_pct ?? -Infinity : (item) => item.symbol;
    return rows.sort((a, b) => (value(a) < value(b) ? -sign : value(a) > value(b) ? sign : a.symbol < b.symbol ? -1 : 1));
  },
  get window() {
    const height = ROW_PIXELS();
    return this.shown.slice(this.first, this.first + this.visible).map((item, index) => ({ ...item, top: (this.first + index) * height }));
  },
  get counts() {
    const rising = this.shown.filter((item) => item.change_pct > 0).length;
    const falling = this.shown.filter((item) => item.change_pct < 0).length;
    return { rising, falling, flat: this.shown.filter((item) => item.change_pct === 0).length };
  },
  setKind(kind) {
    this.kind = kind;
    this.$refs.list.scrollTop = 0;
    this.first = 0;
  },
  sortBy(order) {
    if (this.order === order) this.descending = !this.descending;
    else Object.assign(this, { order, descending: order === 'change' });
  },
  sortMark(order) { return this.order === order ? (this.descending ? '▾' : '▴') : ''; },
  measure() {
    const height = ROW_PIXELS();
    this.first = Math.max(0, Math.floor(this.$refs.list.scrollTop / height) - SPARE_ROWS);
    this.visible = Math.ceil(this.$refs.list.clientHeight / height) + 2 * SPARE_ROWS;
  },
  filtered() {
    this.$refs.list.scrollTop = 0;
    this.first = 0;
  },
  place(element, top) { element.style.transform = `translateY(${top}px)`; },
  stretch(element, count) { element.style.height = `${count * ROW_PIXELS()}px`; },
  step(by) {
    const rows = this.shown;
    const at = rows.findIndex((item) => item.symbol === this.symbol);
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    if (!next) return;
    this.select(next.symbol);
    const height = ROW_PIXELS();
    const top = rows.indexOf(next) * height;
    const box = this.$refs.list;
    if (top < box.scrollTop) box.scrollTop = top;
    if (top + height > box.scrollTop + box.clientHeight) box.scrollTop = top + height - box.clientHeight;
  },
};
