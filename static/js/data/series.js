// The table of stored series: thousands of rows, drawn as they scroll into sight.
import { getAll } from '../core/api.js';
import { dateTime, integer } from '../core/format.js';
import { knows, t } from '../core/i18n.js';
import { inSight, longTable, wide, word } from '../core/tables.js';

const MOST_PIXELS = 456;
const HEAD_PIXELS = 40;
const ROW_PIXELS = 37;

const originText = (origin) => (knows(`origin.${origin}`) ? t(`origin.${origin}`) : origin);

function nameCell(item) {
  const row = item.getData();
  const link = document.createElement('a');
  link.href = `/market/${row.symbol}`;
  link.textContent = row.name || row.symbol;
  link.addEventListener('click', (event) => event.stopPropagation());
  return link;
}

function adjustCell(item) {
  const row = item.getData();
  return word(t(`adjust.${row.adjust}`) + (row.is_display_only ? ` · ${t('data.display')}` : ''), row.is_display_only || row.adjust === 'unknown' ? 'warn' : '');
}

const columns = () => [
  { title: t('column.name'), field: 'name', minWidth: wide(92, 116), formatter: (item) => nameCell(item.getRow()) },
  { title: t('column.code'), field: 'symbol', width: wide(90, 94) },
  { title: t('column.frequency'), field: 'frequency', width: wide(58, 66), formatter: (item) => word(t(`frequency.${item.getValue()}`)) },
  { title: t('column.first'), field: 'first', width: wide(90, 96) },
  { title: t('column.last_day'), field: 'last', width: wide(90, 96) },
  { title: t('column.rows'), field: 'rows', width: wide(60, 66), hozAlign: 'right', headerHozAlign: 'right', sorter: 'number', formatter: (item) => word(integer(item.getValue())) },
  { title: t('column.adjust'), field: 'adjust', width: 76, formatter: (item) => adjustCell(item.getRow()) },
  { title: t('column.factor'), field: 'factor_known', width: 66, formatter: (item) => word(t(item.getValue() ? 'data.known' : 'data.unknown'), item.getValue() ? '' : 'warn') },
  { title: t('column.origin'), field: 'origin', minWidth: wide(118, 136), formatter: (item) => (item.getRow().getData().is_demo ? word(t('chip.demo'), 'chip outline') : word(originText(item.getValue()))) },
  { title: t('column.updated'), field: 'updated_at', width: wide(90, 96), formatter: (item) => word(dateTime(item.getValue()).slice(0, 10), 'second') },
];

export class SeriesTable {
  constructor(element, onChoose) {
    this.element = element;
    this.onChoose = onChoose;
    this.table = null;
    this.rows = [];
  }

  /** Read every stored series; returns how many there are. */
  async read() {
    this.rows = (await getAll('/data/series')).map((row) => ({ ...row, id: `${row.symbol} ${row.frequency} ${row.is_display_only}` }));
    return this.rows.length;
  }

  /** Draw what was read, once the element is in sight. */
  async draw() {
    if (!this.rows.length) return;
    await inSight(this.element);
    const height = Math.min(MOST_PIXELS, HEAD_PIXELS + Math.max(2, this.rows.length) * ROW_PIXELS);
    if (this.table) {
      this.table.setData(this.rows);
      this.table.setHeight(height);
      return;
    }
    this.table = longTable(this.element, { data: this.rows, columns: columns(), height, selectableRows: 1, placeholder: t('table.none') });
    this.table.on('rowSelectionChanged', (chosen) => this.onChoose(chosen[0] || null));
  }

  filter(text) {
    const wanted = text.trim().toLowerCase();
    if (!this.table) return;
    if (wanted) this.table.setFilter((row) => [row.symbol, row.name, row.pinyin, row.origin].join(' ').toLowerCase().includes(wanted));
    else this.table.clearFilter();
  }
}
