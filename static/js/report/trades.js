// The long tables of a report: fills, refused orders, round trips; and saving them as a file.
import { saveText } from '../core/files.js';
import { integer, number, signed, signedPercent, tone } from '../core/format.js';
import { knows, t } from '../core/i18n.js';
import { longTable, word } from '../core/tables.js';

const cell = (show) => (item) => word(show(item.getValue(), item.getRow().getData()));
const figure = (field, title, show, extra = {}) => ({ title, field, hozAlign: 'right', headerHozAlign: 'right', sorter: 'number', minWidth: 92, formatter: cell(show), ...extra });
const money = (field, title) => figure(field, title, (value) => number(value), { cssClass: 'money', minWidth: 116 });
const side = { title: t('column.side'), field: 'side', width: 76, formatter: (item) => word(t(`side.${item.getValue()}`), `chip ${item.getValue() === 'buy' ? 'up' : 'down'}`) };
const symbol = (names) => ({ title: t('column.symbol'), field: 'symbol', minWidth: 184, formatter: cell((value) => [names[value], value].filter(Boolean).join(' ')) });

function build(element, rows, columns, extra = {}) {
  return longTable(element, {
    data: rows, columns, height: Math.min(520, 44 + Math.max(2, rows.length) * 38), placeholder: t('table.none'), columnDefaults: { resizable: true }, ...extra,
  });
}

/** Show the fills; `onChoose(index)` hears a click on a row. */
export function tradeTable(element, trades, names, onChoose) {
  const rows = trades.map((trade, index) => ({ ...trade, id: index, amount: trade.price * trade.size, price: Number(trade.price) }));
  const table = build(element, rows, [
    { title: t('column.date'), field: 'date', width: 110 }, symbol(names), side, figure('price', t('column.price'), (value) => number(value, 3).replace(/0$/, '')),
    figure('size', t('column.size'), integer), money('amount', t('column.amount')), money('commission', t('cost.commission')), money('stamp_tax', t('cost.stamp_tax')), money('transfer_fee', t('cost.transfer_fee')),
  ], { selectableRows: 1 });
  table.on('rowClick', (event, row) => onChoose(row.getData().id));
  return table;
}

export function tripTable(element, trips, names) {
  return build(element, trips, [
    symbol(names), { title: t('column.entry'), field: 'entry_date', width: 110 }, { title: t('column.exit'), field: 'exit_date', width: 110 },
    figure('size', t('column.size'), integer), figure('entry_price', t('column.entry_price'), (value) => number(value)), figure('exit_price', t('column.exit_price'), (value) => number(value)),
    { ...money('profit', t('column.profit')), formatter: (item) => word(signed(item.getValue()), tone(item.getValue())) },
    figure('return_pct', t('column.return'), signedPercent, { formatter: (item) => word(signedPercent(item.getValue()), tone(item.getValue())) }),
    figure('days', t('column.days'), integer),
  ]);
}

export function rejectedTable(element, rejected, names) {
  return build(element, rejected, [
    { title: t('column.date'), field: 'date', width: 110 }, symbol(names), side, figure('size', t('column.size'), integer),
    { title: t('column.rule'), field: 'rule', minWidth: 180, formatter: cell((value) => (knows(`rule.${value}`) ? t(`rule.${value}`) : value)) },
  ]);
}

const TRADE_FIELDS = ['date', 'symbol', 'side', 'price', 'size', 'commission', 'stamp_tax', 'transfer_fee'];

/** Save the fills as CSV that spreadsheets open in the right encoding. */
export function saveTrades(name, trades) {
  const rows = trades.map((trade) => TRADE_FIELDS.map((field) => trade[field]).join(','));
  saveText(name, `\ufeff${[TRADE_FIELDS.join(','), ...rows].join('\r\n')}\r\n`, 'text/csv;charset=utf-8');
}
