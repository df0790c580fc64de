// Figures as readers expect them: U+2212, ▲▼, 万/亿 in Chinese, thousands separators, ISO dates.
import { t } from './i18n.js';

const MINUS = '\u2212';
const NONE = '–';
const separators = new Map();

function grouped(value, digits) {
  if (!separators.has(digits)) {
    separators.set(digits, new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return separators.get(digits).format(Math.abs(value));
}

const isNumber = (value) => value !== null && value !== undefined && value !== '' && Number.isFinite(Number(value));

/** Return `value` with `digits` decimals and separators, "–" where there is none. */
export function number(value, digits = 2) {
  if (!isNumber(value)) return NONE;
  const text = grouped(Number(value), digits);
  return Number(value) < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/** Return `value` with its sign always shown. */
export function signed(value, digits = 2) {
  if (!isNumber(value)) return NONE;
  const text = grouped(Number(value), digits);
  if (!/[1-9]/.test(text)) return text;
  return (Number(value) < 0 ? MINUS : '+') + text;
}

export const percent = (value, digits = 2) => (isNumber(value) ? `${number(value, digits)}%` : NONE);
export const signedPercent = (value, digits = 2) => (isNumber(value) ? `${signed(value, digits)}%` : NONE);
export const tone = (value) => (!isNumber(value) || Number(value) === 0 ? 'flat' : Number(value) > 0 ? 'up' : 'down');
export const arrow = (value) => (!isNumber(value) ? '' : Number(value) === 0 ? NONE : Number(value) > 0 ? '▲' : '▼');

/** Return a price with two decimals, three for funds and bonds quoted that way. */
export function price(value) {
  if (!isNumber(value)) return NONE;
  const thousandth = Math.round(Number(value) * 1000);
  return number(value, thousandth % 10 === 0 ? 2 : 3);
}

/** The words for large numbers, largest first, with the number each begins at. */
const steps = t('unit.scale').split(',').map((step) => step.split(':')).map(([bound, word]) => [Number(bound), word]);

/** Return a large amount short: 1.23 亿 and 4.5 万 in Chinese, 123.4M and 45.6K in English. */
export function short(value) {
  if (!isNumber(value)) return NONE;
  const size = Math.abs(Number(value));
  const step = steps.find(([bound]) => size >= bound);
  if (!step) return number(value, size < 100 && size % 1 ? 2 : 0);
  const scaled = Number(value) / step[0];
  return number(scaled, Math.abs(scaled) >= 1000 ? 0 : Math.abs(scaled) >= 100 ? 1 : 2) + step[1];
}

export const integer = (value) => number(value, 0);

/** Return a size on disk. */
export function bytes(value) {
  if (!isNumber(value)) return NONE;
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let size = Number(value);
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${number(size, unit < 2 ? 0 : 1)} ${units[unit]}`;
}

/** Return a length of time in words: "38.4 秒", "3 分 12 秒". */
export function duration(seconds) {
  if (!isNumber(seconds)) return NONE;
  const total = Math.max(0, Number(seconds));
  if (total < 60) return t('time.seconds', { s: total < 10 ? number(total, 1) : number(total, 0) });
  const minutes = Math.floor(total / 60);
  if (minutes < 60) return t('time.minutes', { m: minutes, s: Math.floor(total % 60) });
  return t('time.hours', { h: Math.floor(minutes / 60), m: minutes % 60 });
}

const moment = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'short' });

/** Return a moment as "2026-11-20 14:41" in Shanghai. */
export const dateTime = (value) => (value ? moment.format(new Date(value)) : NONE);

/** Return how long ago `value` was, in words. */
export function ago(value) {
  if (!value) return NONE;
  const seconds = (Date.now() - new Date(value).getTime()) / 1000;
  if (seconds < 60) return t('time.just_now');
  if (seconds < 3600) return t('time.minutes_ago', { n: Math.floor(seconds / 60) });
  if (seconds < 86400) return t('time.hours_ago', { n: Math.floor(seconds / 3600) });
  return moment.format(new Date(value)).slice(0, 10);
}

/** Return the day of the week of an ISO date. */
export const weekday = (iso) => t(`weekday.${new Date(`${iso}T00:00:00Z`).getUTCDay()}`);

/** Return a network address as a reader thinks of it: this computer has several. */
export const place = (address) => (['', '127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(address || '') ? t('audit.here') : address);

/** Return the code without its market: "600519". */
export const code = (symbol) => (symbol || '').split('.')[0];
