// Gives progress bars their length from JavaScript, since style attributes are refused by the content policy.

/** Set the width of `element` to `fraction` of its track; used as x-effect="bar($el, job.progress)". */
export function bar(element, fraction) {
  element.style.width = `${Math.round(Math.min(1, Math.max(0, fraction || 0)) * 1000) / 10}%`;
}
