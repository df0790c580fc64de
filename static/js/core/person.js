// Who is signed in here, as the page was drawn for.

/** Return whether the page was drawn for the store's owner, who alone sees the audit log and locks the vault. */
export const isOwner = () => document.documentElement.dataset.role === 'owner';
