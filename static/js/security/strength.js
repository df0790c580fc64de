// Strength shown while a pass phrase or a password is typed.
import { t } from '../core/i18n.js';
import { judge } from './passphrase.js';

const METER = [1, 2, 3, 4];

/** Return the words and the bar of one judged text. */
export function described(text, known = 0) {
  const found = judge(text, known);
  return {
    ...found,
    word: t(`strength.${found.level}`),
    note: text ? t(`strength.note_${found.level}`, { bits: found.bits }) : '',
    meter: METER.map((level) => ({ level, on: found.level >= level })),
  };
}

/** A new secret typed twice: `fresh` and `again`. */
export const newSecret = {
  fresh: '',
  again: '',
  shown: false,

  get fieldType() { return this.shown ? 'text' : 'password'; },
  toggleShown() { this.shown = !this.shown; },
  get freshStrength() { return described(this.fresh); },
  get freshDiffers() { return this.again !== '' && this.again !== this.fresh; },
  get freshGood() { return this.freshStrength.long && this.again === this.fresh; },
  forgetFresh() { Object.assign(this, { fresh: '', again: '', shown: false }); },
};
