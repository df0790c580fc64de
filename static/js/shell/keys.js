// Whether a key press belongs to a field or a dialog rather than to the page.

export function isTyping(event) {
  const target = event.target;
  if (document.querySelector('dialog[open]')) return true;
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
