// Passkeys between the program's JSON and the browser's own objects, whose binary parts travel as base64url.

function toBytes(text) {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

function toText(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

const withBytes = (list) => (list || []).map((one) => ({ ...one, id: toBytes(one.id) }));

/** Return whether this address can have passkeys at all: a name, not a bare address, over a trusted connection. */
export function passkeysWorkHere() {
  const isBareAddress = /^[\d.]+$|^\[/.test(location.hostname);
  return window.isSecureContext && !isBareAddress && typeof PublicKeyCredential === 'function';
}

/** Let the person make a passkey on this device; resolves to what the program stores. */
export async function createPasskey(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
    },
  });
  return {
    id: made.id,
    rawId: toText(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment,
    clientExtensionResults: made.getClientExtensionResults(),
    response: {
      clientDataJSON: toText(made.response.clientDataJSON),
      attestationObject: toText(made.response.attestationObject),
      transports: made.response.getTransports ? made.response.getTransports() : [],
    },
  };
}

/** Let the person use one of the passkeys; resolves to the proof. */
export async function usePasskey(options) {
  const proof = await navigator.credentials.get({
    publicKey: { ...options, challenge: toBytes(options.challenge), allowCredentials: withBytes(options.allowCredentials) },
  });
  const { clientDataJSON, authenticatorData, signature, userHandle } = proof.response;
  return {
    id: proof.id,
    rawId: toText(proof.rawId),
    type: proof.type,
    authenticatorAttachment: proof.authenticatorAttachment,
    clientExtensionResults: proof.getClientExtensionResults(),
    response: {
      clientDataJSON: toText(clientDataJSON),
      authenticatorData: toText(authenticatorData),
      signature: toText(signature),
      userHandle: userHandle ? toText(userHandle) : null,
    },
  };
}
