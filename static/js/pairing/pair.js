// The tablet's side of pairing: the certificate, the one-time code of the QR, six words to compare.
import { get, prove, readStatus } from '../core/api.js';
import { start } from '../core/app.js';
import { staticBase, t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { every } from '../core/polling.js';
import { trying } from '../core/trying.js';
import { plainBar } from '../entry/plain_bar.js';
import { newNonce, readInvitation, wordNumbers, wordsOf } from './words.js';

const ASK_MILLISECONDS = 1000;
const KINDS = ['ipad', 'android', 'computer'];

function kindOfDevice() {
  if (/Android/.test(navigator.userAgent)) return 'android';
  return /iPad|iPhone/.test(navigator.userAgent) || navigator.maxTouchPoints > 2 ? 'ipad' : 'computer';
}

function pair() {
  return joined(plainBar, trying, {
    invitation: { code: '', fingerprint: '', commitment: '' },
    name: '',
    state: '',
    words: [],
    kind: kindOfDevice(),
    stopWatching: null,

    async init() {
      this.invitation = readInvitation(location.hash);
      history.replaceState(null, '', location.pathname); // the code would end in the history
      this.name = t(`pair.device_${this.kind}`);
      await this.trying(readStatus);
    },
    get kinds() { return KINDS.map((name) => ({ name, label: t(`pair.device_${name}`) })); },
    isKind(name) { return this.kind === name; },
    chooseKind(name) { this.kind = name; },
    get steps() { return [1, 2, 3].map((number) => ({ number, text: t(`pair.${this.kind}_${number}`) })); },
    get numberedWords() { return this.words.map((word, index) => ({ number: index + 1, word })); },
    get hasCode() { return this.invitation.code !== ''; },
    get canPair() { return this.hasCode && this.name.trim() !== '' && !this.busy; },
    get isOver() { return ['expired', 'refused', 'foreign'].includes(this.state); },
    get overText() { return this.isOver ? t(`pair.${this.state}`) : ''; },
    async begin() {
      if (!this.canPair) return;
      await this.trying(async () => {
        const own = newNonce();
        const { nonce } = await prove('/pair', { code: this.invitation.code, name: this.name.trim(), nonce: own });
        const numbers = await wordNumbers(this.invitation, nonce, own);
        this.invitation = { code: '', fingerprint: '', commitment: '' };
        if (!numbers) {
          this.state = 'foreign';
          return;
        }
        const list = await fetch(`${staticBase}locales/pairing_words.txt`);
        Object.assign(this, { words: wordsOf(numbers, await list.text()), state: 'compare' });
        this.stopWatching = every(ASK_MILLISECONDS, () => this.watch());
      });
    },
    async watch() {
      try {
        const { state } = await get('/pair');
        this.state = state;
        if (state !== 'compare') this.stopWatching();
      } catch (problem) {
        this.fault = { message: problem.message, hint: problem.hint };
        this.stopWatching();
      }
    },
  });
}

start({ pair });
