// What a record says of its act, in words where there are some.
import { knows, t } from '../core/i18n.js';

/** Values that have a word, by the name of their fact. */
const WORDS = { method: 'method.', role: 'role.', max_role: 'role.' };

const shown = (value) => (value === true ? t('audit.yes') : value === false ? t('audit.no') : Array.isArray(value) ? value.join(' · ') : value && typeof value === 'object' ? Object.entries(value).map(([key, part]) => `${key} ${part}`).join(' · ') : String(value));

/** Return the facts as rows of label and text. */
export const factRows = (facts) => Object.entries(facts || {}).map(([name, value]) => ({ key: `fact ${name}`, label: knows(`fact_of.${name}`) ? t(`fact_of.${name}`) : name, text: WORDS[name] && knows(WORDS[name] + value) ? t(WORDS[name] + value) : shown(value) }));

/** Return the facts on one line. */
export const factLine = (facts) => factRows(facts).map(({ label, text }) => `${label} ${text}`).join(' · ');
