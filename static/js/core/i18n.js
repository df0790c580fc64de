// The words of the pages: one flat file per language, fetched once before anything is drawn.
const root = document.documentElement;

export const staticBase = root.dataset.static;
export const language = root.lang.startsWith('zh') ? 'zh' : 'en';

const answer = await fetch(`${staticBase}locales/${language}.json`, { credentials: 'same-origin' });
const words = await answer.json();

/** Return the sentence `key` with its `{name}` fields filled in. */
export function t(key, values) {
  const sentence = words[key] ?? key;
  return values ? sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole) : sentence;
}

/** Return whether the sentence `key` exists, for codes that a newer server may send. */
export const knows = (key) => key in words;

/** Return what to do about an error on a page: the page's own words where the program's name the command line. */
export const hintOf = ({ code, hint }) => (knows(`hint.${code}`) ? t(`hint.${code}`) : pick(hint));

/** Return the present language's side of a `{zh, en}` pair; a plain string is returned as it is. */
export const pick = (pair) => (pair && typeof pair === 'object' ? pair[language] || pair.zh || pair.en || '' : pair ?? '');
