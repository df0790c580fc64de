// The list of records: drawn as they scroll into sight, read by cursor as the end comes near.
import { dateTime, place } from '../core/format.js';
import { t } from '../core/i18n.js';
import { inSight, longTable, wide, word } from '../core/tables.js';
import { actorText, factLine } from './facts.js';

const NEAR_END_PIXELS = 600;
const CHIPS = { done: '', refused: 'warn', failed: 'stop' };

const columns = (nameOf) => [
  { title: t('audit.at'), field: 'at', width: wide(132, 148), headerSort: false, formatter: (item) => word(dateTime(item.getValue())) },
  { title: t('audit.act'), field: 'act', minWidth: wide(180, 190), headerSort: false, cssClass: 'opens-whole', formatter: (item) => word(nameOf(item.getValue())) },
  { title: t('audit.outcome'), field: 'outcome', width: wide(84, 92), headerSort: false, formatter: (item) => word(t(`outcome.${item.getValue()}`), `chip ${CHIPS[item.getValue()]}`) },
  { title: t('audit.actor'), field: 'actor', width: wide(110, 110), headerSort: false, formatter: (item) => word(actorText(item.getValue())) },
  { title: t('audit.address'), field: 'address', width: wide(120, 122), headerSort: false, formatter: (item) => word(place(item.getValue()), 'second') },
  { title: t('audit.facts'), field: 'facts', minWidth: wide(220, 110), headerSort: false, cssClass: 'opens-whole', formatter: (item) => word(factLine(item.getValue()), 'second ellipsis') },
];

export class RecordTable {
  constructor(element, { nameOf, onChoose, onCount }) {
    Object.assign(this, { element, nameOf, onChoose, onCount });
    this.table = null;
    this.count = 0;
    this.cursor = null;
    this.fetchPage = null;
    this.isReading = false;
    this.turn = 0;
  }

  /** Show the records that `fetchPage(cursor)` gives, from the first page on. */
  async read(fetchPage) {
    const turn = ++this.turn;
    this.fetchPage = fetchPage;
    const page = await fetchPage(undefined);
    if (turn !== this.turn) return; // asked again meanwhile
    this.take(page, 0);
    await inSight(this.element);
    if (!this.table) {
      this.table = longTable(this.element, { data: page.items, index: 'seq', columns: columns(this.nameOf), height: '100%', placeholder: t('audit.none') });
      this.table.on('rowClick', (_event, row) => this.onChoose(row.getData()));
      this.table.on('scrollVertical', (top) => this.scrolled(top));
    } else {
      await this.table.setData(page.items);
    }
  }

  take(page, before) {
    this.count = before + page.items.length;
    this.cursor = page.next_cursor;
    this.onCount(this.count, this.cursor !== null);
  }

  async scrolled(top) {
    const holder = this.element.querySelector('.tabulator-tableholder');
    if (this.isReading || !this.cursor || top + holder.clientHeight < holder.scrollHeight - NEAR_END_PIXELS) return;
    this.isReading = true;
    const turn = this.turn;
    try {
      const page = await this.fetchPage(this.cursor);
      if (turn === this.turn) {
        this.take(page, this.count);
        await this.table.addData(page.items);
      }
    } finally {
      this.isReading = false;
    }
  }
}
