// What a reader meets on a page: all its words, and those that cannot be read as they stand. Evaluated in the page.
() => {
  // Everything seen or read out, but what the owner wrote or is marked as the other language.
  const words = () => {
    const own = (node) => node.closest('pre, textarea, .code, .mono, [lang]:not(html), script, style, template');
    const words = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent.trim();
      if (text && !own(node.parentElement) && node.parentElement.checkVisibility({ visibilityProperty: true })) words.push(text);
    }
    for (const node of document.querySelectorAll('[aria-label], [title], [placeholder], [data-tip]')) {
      if (own(node) || !node.checkVisibility()) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'data-tip']) if (node.getAttribute(name)) words.push(node.getAttribute(name));
    }
    return [...words, document.title];
  };

  // Words beyond the window in a place that does not say that it scrolls sideways.
  const beyond = () => {
    const wide = document.scrollingElement.scrollWidth;
    const found = wide > innerWidth ? [`the page is ${wide} wide`] : [];
    for (const one of document.querySelectorAll('body *')) {
      const text = [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join(' ').trim();
      if (!text || !one.checkVisibility() || one.closest('.visually-hidden, .table-scroll, .sections, .tabulator, .code, pre, textarea')) continue;
      const { right } = one.getBoundingClientRect();
      if (right > innerWidth + 1) found.push(`${text} ends at ${Math.round(right)}`);
    }
    return found;
  };

  // The part of `box` that the frames around `node` let through.
  const seen = (box, node) => {
    let { left, right, top, bottom } = box;
    for (let one = node.parentElement; one; one = one.parentElement) {
      if (getComputedStyle(one).overflowX === 'visible') continue;
      const frame = one.getBoundingClientRect();
      [left, right, top, bottom] = [Math.max(left, frame.left), Math.min(right, frame.right), Math.max(top, frame.top), Math.min(bottom, frame.bottom)];
    }
    return { left, right, top, bottom };
  };

  // Words drawn over each other in a head: of the page, of a report, of a card, of a quote.
  const over = () => {
    const found = [];
    for (const head of document.querySelectorAll('.card-head, .page-head, .report-head, .quote, .topbar')) {
      const boxes = [];
      const walker = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.textContent.trim();
        if (!text || !node.parentElement.checkVisibility({ visibilityProperty: true })) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const box of range.getClientRects()) boxes.push([text, seen(box, node)]);
      }
      boxes.forEach(([text, one], index) => boxes.slice(index + 1).filter(([other]) => other !== text).forEach(([other, two]) => {
        const wide = Math.min(one.right, two.right) - Math.max(one.left, two.left);
        const high = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
        if (wide > 2 && high > 4) found.push(`"${text}" and "${other}"`);
      }));
    }
    return found;
  };

  // Chips and figures of which only a part shows; a row that opens on a press shows the rest.
  const cut = () => [...document.querySelectorAll('.chip, .num, .money, .tabulator-cell, .figure .label')].filter((one) => {
    if (!one.checkVisibility() || !one.textContent.trim() || one.matches('.opens-whole')) return false;
    if (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== 'visible') return true;
    const frame = one.closest('.tabulator-cell, .ellipsis');
    return one.matches('.chip') && frame !== null && one.getBoundingClientRect().right > frame.getBoundingClientRect().right + 1;
  }).map((one) => one.textContent.trim());

  return { words: words(), beyond: beyond(), over: over(), cut: [...new Set(cut())].slice(0, 5) };
}
