// What a record says of its act, in words where there are some.
import { knows, t } from '../core/i18n.js';

const shown = (value) => (value === true ? t('audit.yes') : value === false ? t('audit.no') : Array.isArray(value) ? value.join(' · ') : value && typeof value === 'object' ? Object.entries(value).map(([key, part]) => `${key} ${part}`).join(' · ') : String(value));

/** Return the facts as rows of label and text. */
export const factRows = (facts) => Object.entries(facts || {}).map(([name, value]) => ({ key: `fact ${name}`, label: knows(`fact_of.${name}`) ? t(`fact_of.${name}`) : name, text: shown(value) }));

/** Return the facts on one line. */
export const factLine = (facts) => factRows(facts).map(({ label, text }) => `${label} ${text}`).join(' · ');
