// Putting the cursor where the reader goes on, in something that is only just being shown.

/** Focus what `find()` returns once Alpine has shown it (x-show waits for the next frame, or a turn in a hidden page); a reader who has gone elsewhere meanwhile stays there. */
export function focusSoon(find) {
  const later = document.visibilityState === 'visible' ? requestAnimationFrame : setTimeout;
  const before = document.activeElement;
  setTimeout(() => later(() => later(() => {
    const element = find();
    const isElsewhere = document.activeElement !== before && document.activeElement !== document.body;
    if (element && !isElsewhere) element.focus();
  })));
}
