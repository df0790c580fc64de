// The first sheet of a report: figures with their formulas, doubts, months, costs and fingerprints.
import { integer, number, percent, signed, signedPercent, tone, arrow } from '../core/format.js';
import { knows, pick, t } from '../core/i18n.js';

const HEAD_FIGURES = 8;
const HEAT_FULL_PCT = 8;
const MOVES = /return|drawdown|alpha|_day_|value_at_risk|trough/;
const PRINTS = ['code', 'data', 'rules', 'params', 'libraries', 'seed'];
const COST_TOKENS = { commission: 's1', stamp_tax: 's3', transfer_fee: 's2' };

function figureText(value, format) {
  if (value === null || value === undefined) return '–';
  if (format === 'pct') return percent(value);
  if (format === 'yuan') return number(value);
  if (format === 'days') return t('figure.days', { n: integer(value) });
  if (format === 'date') return String(value);
  return Number.isInteger(value) ? integer(value) : number(value);
}

/** Return every figure of the report in its order, ready to show. */
export function readFigures(statistics, meta) {
  return meta.filter(({ key }) => key in statistics).map(({ key, name, formula, format }) => {
    const value = statistics[key];
    const moves = format === 'pct' && MOVES.test(key);
    return {
      key, name: pick(name), tip: `${pick(name)}\n${pick(formula)}`, isMoney: format === 'yuan',
      text: moves ? signedPercent(value) : figureText(value, format), tone: moves ? tone(value) : '', arrow: moves ? arrow(value) : '',
    };
  });
}

const LEVELS = { warn: ['warn', 'warn'], info: ['info', 'accent'] };

function gather(warnings) {
  const gathered = new Map();
  for (const warning of warnings) {
    const code = warning.code.replace(/^backtesting\./, '');
    const kept = gathered.get(code) || { ...warning, count: 0, places: [] };
    kept.count += 1;
    kept.places.push([warning.symbol, warning.date].filter(Boolean).join(' '));
    gathered.set(code, kept);
  }
  return gathered;
}

/** Return the warnings by cause, then what differs from real trading; the same cause stands once, with its places. */
export function readDoubts(warnings, differences) {
  const gathered = gather(warnings);
  const said = new Set(differences.map((item) => item.code));
  const own = [...gathered].filter(([code]) => !said.has(code)).map(([code, warning]) => ({
    key: code, icon: 'warn', chip: 'warn', title: knows(`warning.${warning.code}`) ? t(`warning.${warning.code}`) : t('warning.other'),
    text: pick(warning.message), places: warning.places.filter(Boolean), chipText: warning.count > 1 ? t('count.times', { n: warning.count }) : t('doubt.look'), weighty: true,
  }));
  const real = differences.map((item) => {
    const warning = gathered.get(item.code);
    const [icon, chip] = LEVELS[warning ? 'warn' : item.severity];
    const mark = item.count ? t('count.times', { n: item.count }) : t(chip === 'accent' ? 'doubt.note' : 'doubt.look');
    return {
      key: item.code, icon, chip, title: pick(item.title) || pick(item.text), text: item.title ? pick(item.text) : '',
      places: warning ? warning.places.filter(Boolean) : [], chipText: mark, weighty: chip !== 'accent',
    };
  });
  return [...own, ...real.filter((item) => item.weighty), ...real.filter((item) => !item.weighty)];
}

/** Return the rows of the month table, newest years last, at most `most` of them. */
export function readMonths(monthly, most) {
  return monthly.slice(-most).map(({ year, months, year_pct: total }) => ({
    year,
    cells: months.map((value, index) => ({ key: index, none: value === null, text: value === null ? '·' : signed(value, 1), value })),
    text: signed(total, 1), tone: tone(total),
  }));
}

/** Colour a cell of the month table by its size. */
export function heat(element, value) {
  element.style.setProperty('--heat', value === null ? 0 : Math.min(1, Math.abs(value) / HEAT_FULL_PCT));
}

/** Return the costs by kind, largest first. */
export function readCosts(costs, cash) {
  const total = Number(costs.total);
  const kinds = Object.entries(costs).filter(([key]) => key !== 'total').map(([key, value]) => ({ key, label: t(`cost.${key}`), value: Number(value), token: COST_TOKENS[key] || 's5' }));
  const most = Math.max(...kinds.map((kind) => kind.value), 0.01);
  kinds.sort((a, b) => b.value - a.value);
  return {
    total,
    share: t('cost.of_cash', { share: percent((total / Number(cash)) * 100) }),
    kinds: kinds.map((kind) => ({ ...kind, part: kind.value / most, share: total ? percent((kind.value / total) * 100, 1) : '–' })),
  };
}

function mark(value) {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'object') return value.version ? `${value.book || ''} ${value.version}`.trim() : Object.entries(value).map(([name, version]) => `${name} ${version}`).join(' · ');
  const text = String(value);
  return /^[0-9a-f]{16,}$/i.test(text) ? text.slice(0, 10) : text;
}

/** Return the fingerprints: short on the page, whole in the explanation. */
export function readFingerprints(fingerprints) {
  const known = PRINTS.filter((key) => key in fingerprints);
  const ordered = [...known, ...Object.keys(fingerprints).filter((key) => !PRINTS.includes(key))].map((key) => [key, fingerprints[key]]);
  return ordered.map(([key, value]) => ({
    key, label: knows(`fingerprint.${key}`) ? t(`fingerprint.${key}`) : key, text: mark(value), whole: typeof value === 'object' ? Object.entries(value || {}).map(([name, part]) => `${name}: ${typeof part === 'object' ? JSON.stringify(part) : part}`).join('\n') : String(value ?? '–'),
    note: knows(`fingerprint_note.${key}`) ? t(`fingerprint_note.${key}`) : '',
  }));
}

export { HEAD_FIGURES };
