// One component made of several parts; getters stay getters, which spreading would not keep.

/** Return a new object with everything of the parts; the later ones win. */
export const joined = (...parts) => parts.reduce((whole, part) => Object.defineProperties(whole, Object.getOwnPropertyDescriptors(part)), {});
