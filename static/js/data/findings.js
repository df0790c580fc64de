// What a check of the stored bars found, as a sentence from its evidence.
import { number, price, short, weekday } from '../core/format.js';
import { knows, t } from '../core/i18n.js';

const PRICES = ['open', 'high', 'low', 'close', 'average', 'reference', 'upper', 'lower'];
const VOLUMES = ['before', 'after'];

/** Return the sentence of a finding; volumes held against each other have one of their own. */
function sentence(kind, date, evidence) {
  const facts = { ...evidence, date };
  for (const name of PRICES.filter((field) => field in evidence)) facts[name] = name === 'average' ? number(evidence[name], 4) : price(evidence[name]);
  for (const name of VOLUMES.filter((field) => field in evidence)) facts[name] = short(evidence[name]);
  if (evidence.reference_is) facts.reference_name = t(`reference.${evidence.reference_is}`);
  if (evidence.weekday) facts.weekday = weekday(date);
  return t(kind === 'volume_unit_jump' && 'before' in evidence ? 'found.volume_unit_step' : `found.${kind}`, facts);
}

/** Return the findings ready to show; one of a kind that a newer program finds is shown by its code. */
export function readFindings(findings) {
  return findings.map(({ symbol, date, kind, evidence }, index) => ({
    key: index, symbol, date,
    title: knows(`finding.${kind}`) ? t(`finding.${kind}`) : kind,
    text: knows(`found.${kind}`) ? sentence(kind, date, evidence) : '',
  }));
}
