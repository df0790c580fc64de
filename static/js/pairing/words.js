// What a tablet computes of the six words: the same as quantbox/user_auth/pairing/words.py, from what only the QR told it.
const PURPOSE = 'quantbox pairing words 1';

/** Return the bytes of base64url text. */
export function bytesOf(text) {
  return Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
}

/** Return bytes as base64url text. */
export function textOf(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** Return what the QR's address carries behind its #; empty fields where it is no such address. */
export function readInvitation(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  return { code: fields.get('c') || '', fingerprint: fields.get('f') || '', commitment: fields.get('n') || '' };
}

export const newNonce = () => textOf(crypto.getRandomValues(new Uint8Array(16)));

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

/** Return the numbers (0 to 255) of the six words; null where the program's nonce is not the one the QR committed to. */
export async function wordNumbers(invitation, programNonce, ownNonce) {
  if (textOf(await sha256(bytesOf(programNonce))) !== invitation.commitment) return null;
  const parts = [new TextEncoder().encode(PURPOSE), ...[invitation.code, invitation.fingerprint, programNonce, ownNonce].map(bytesOf)];
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return [...(await sha256(whole)).slice(0, 6)];
}

/** Return the words with these numbers out of the text of locales/pairing_words.txt, each in both languages. */
export function wordsOf(numbers, list) {
  const lines = list.trim().split('\n');
  return numbers.map((number) => lines[number]);
}
