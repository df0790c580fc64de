// What each field of a new backtest accepts, and the sentence when it does not.
import { t } from '../core/i18n.js';

const MIN_CASH = 1000;
const MAX_CASH = 1e12;
const MAX_BPS = 100;

const isNumber = (text) => text !== '' && Number.isFinite(Number(text));
const between = (text, low, high) => isNumber(text) && Number(text) >= low && Number(text) <= high;

/** Return whether `text` is a day of the calendar written as 2024-01-02. */
function isDay(text) {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : null;
  return day !== null && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

const TYPES = {
  int: (text) => /^[+-]?\d+$/.test(text.trim()),
  float: (text) => isNumber(text.trim()),
  bool: (text) => /^(true|false|0|1)$/i.test(text.trim()),
};

/** Return {field: sentence} for every field of `form` that cannot be used; fields are called as the API calls them. */
export function findFaults(form, params) {
  const faults = {};
  if (!form.source.trim()) faults.source = t('fault.source');
  else if (form.sourceError) faults.source = form.sourceError;
  else if (!form.classes.length) faults.source = t('fault.no_class');
  if (!form.symbols.length) faults.symbols = t('fault.symbols');
  if (!isDay(form.start)) faults.start = t('fault.date');
  if (!isDay(form.end)) faults.end = t('fault.date');
  if (!faults.start && !faults.end && form.start > form.end) faults.end = t('fault.order', { start: form.start });
  if (!between(form.cash, MIN_CASH, MAX_CASH)) faults.cash = t('fault.cash');
  if (form.rules && !between(form.commissionBps, 0, MAX_BPS)) faults['costs.commission_bps'] = t('fault.bps');
  if (form.rules && !between(form.commissionMin, 0, 1000)) faults['costs.commission_min_yuan'] = t('fault.minimum');
  for (const param of params) {
    const fits = TYPES[param.type];
    if (fits && !fits(String(param.value))) faults[`params.${param.name}`] = t(`fault.${param.type}`);
  }
  return faults;
}
