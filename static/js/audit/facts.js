// What a record says of its act, in words where there are some.
import { knows, t } from '../core/i18n.js';

/** Values that have a word, by the name of their fact. */
const WORDS = { method: 'method.', role: 'role.', max_role: 'role.' };

function shown(value) {
  if (typeof value === 'boolean') return t(value ? 'audit.yes' : 'audit.no');
  if (Array.isArray(value)) return value.join(' · ');
  if (value && typeof value === 'object') return Object.entries(value).map(([key, part]) => `${key} ${part}`).join(' · ');
  return String(value);
}

/** Return who did it: a name, or the word for the program's own parts and for nobody. */
export function actorText(name) {
  if (!name) return t('audit.nobody');
  return knows(`actor.${name}`) ? t(`actor.${name}`) : name;
}

/** Return the facts as rows of label and text. */
export const factRows = (facts) => Object.entries(facts || {}).map(([name, value]) => ({ key: `fact ${name}`, label: knows(`fact_of.${name}`) ? t(`fact_of.${name}`) : name, text: WORDS[name] && knows(WORDS[name] + value) ? t(WORDS[name] + value) : shown(value) }));

/** Return the facts on one line. */
export const factLine = (facts) => factRows(facts).map(({ label, text }) => `${label} ${text}`).join(' · ');
