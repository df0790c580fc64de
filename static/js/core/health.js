// The doctor's findings in words: each value in the form a reader expects.
import { knows, t } from './i18n.js';
import { bytes, integer } from './format.js';

const SHOWN = 4;

function valueText({ name, value }) {
  if (value === null || value === undefined || value === '') return '–';
  if (name.endsWith('_bytes')) return bytes(value);
  if (name === 'queue' && typeof value === 'object') return t('check.queue_value', { running: value.running, waiting: value.waiting });
  if (name === 'processes' && Array.isArray(value)) return value.map((item) => item.name).join(' · ') || '–';
  if (name === 'market_data' && typeof value === 'object') {
    return t('check.market_data_value', { symbols: integer(value.symbols), bars: integer(value.bars) });
  }
  if (name === 'audit_chain' && typeof value === 'object') {
    return value.problem ? t('check.audit_chain_bad') : t('check.audit_chain_value', { records: integer(value.records) });
  }
  if (name === 'libraries') return Object.entries(value).map(([library, version]) => `${library} ${version}`).join(' · ');
  if (typeof value === 'object') return Object.entries(value).map(([key, part]) => `${key} ${part}`).join(' · ');
  return knows(`check_value.${value}`) ? t(`check_value.${value}`) : String(value);
}

/** Return a finding ready to show. */
export function readCheck(check) {
  const bad = check.ok === false;
  return {
    ...check,
    label: knows(`check.${check.name}`) ? t(`check.${check.name}`) : check.name,
    text: valueText(check),
    action: knows(`check_action.${check.name}`) ? t(`check_action.${check.name}`) : check.action,
    bad,
    icon: bad ? 'warn' : check.ok === null ? 'lock' : 'check',
    verdict: t(bad ? 'health.attention' : check.ok === null ? 'health.locked' : 'health.fine'),
  };
}

/** Return as many findings as a card holds, the ones in need of attention first. */
export const firstChecks = (checks) => checks.map(readCheck).sort((a, b) => Number(b.bad) - Number(a.bad)).slice(0, SHOWN);
