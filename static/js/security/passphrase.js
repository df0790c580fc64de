// How hard a pass phrase is to guess, estimated low; and a phrase thought up by the browser's random source.
import { language, staticBase } from '../core/i18n.js';

const WORDS = 6; // of 1,024: 60 bits
const PROQUINTS = 4; // of 65,536: 64 bits
const CONSONANTS = 'bdfghjklmnprstvz';
const VOWELS = 'aiou';
const LEAST_CHARACTERS = 12;

const common = (await (await fetch(`${staticBase}locales/common_phrases.txt`)).text()).split(/\s+/).filter(Boolean);

/** Bits one more character adds, when people choose: far less than what chance would give. */
const BITS = { han: 6, lower: 2.2, upper: 2.5, digit: 2.2, space: 0.5, other: 3.5 };

function kind(character) {
  if (/\p{Script=Han}/u.test(character)) return 'han';
  if (/[a-z]/.test(character)) return 'lower';
  if (/[A-Z]/.test(character)) return 'upper';
  if (/\d/.test(character)) return 'digit';
  return /\s/.test(character) ? 'space' : 'other';
}

/** Return {bits, level 0..4, long, uncommon} for `phrase`; `known` is the exact strength of a generated one. */
export function judge(phrase, known = 0) {
  const characters = [...phrase.normalize('NFC')];
  const folded = phrase.toLowerCase();
  const found = common.filter((word) => folded.includes(word));
  let bits = 0;
  const seen = new Map();
  characters.forEach((character, index) => {
    const times = seen.get(character) || 0;
    seen.set(character, times + 1);
    const previous = index ? characters[index - 1].codePointAt(0) : -9;
    const step = Math.abs(character.codePointAt(0) - previous);
    const worth = BITS[kind(character)] / (1 + times * 0.6);
    bits += step <= 1 ? worth * 0.25 : worth;
  });
  bits -= found.reduce((sum, word) => sum + word.length * 2, 0);
  bits = Math.round(known || Math.max(0, bits));
  const long = characters.length >= LEAST_CHARACTERS;
  const level = !characters.length ? 0 : bits < 28 ? 1 : bits < 44 ? 2 : bits < 60 ? 3 : 4;
  return { bits, level, long, uncommon: characters.length > 0 && found.length === 0 };
}

/** Return `count` even random numbers below `bound`, which divides 65,536. */
function randomNumbers(count, bound) {
  const numbers = new Uint16Array(count);
  crypto.getRandomValues(numbers);
  return [...numbers].map((number) => number % bound);
}

function proquint(number) {
  return CONSONANTS[(number >> 12) & 15] + VOWELS[(number >> 10) & 3] + CONSONANTS[(number >> 6) & 15] + VOWELS[(number >> 4) & 3] + CONSONANTS[number & 15];
}

/** Return {phrase, bits}: six Chinese words, or four pronounceable ones for readers of English. */
export async function thinkUp() {
  if (language !== 'zh') return { phrase: randomNumbers(PROQUINTS, 65536).map(proquint).join(' '), bits: PROQUINTS * 16 };
  const answer = await fetch(`${staticBase}locales/passphrase_words.txt`);
  const words = (await answer.text()).split(/\s+/).filter(Boolean);
  return { phrase: randomNumbers(WORDS, words.length).map((index) => words[index]).join(' '), bits: Math.floor(WORDS * Math.log2(words.length)) };
}
