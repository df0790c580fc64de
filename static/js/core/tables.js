// Long tables: Tabulator with the roles screen readers expect.
import { Tabulator } from '../../vendor/tabulator.js';

/** Wait until `element` is in sight: a table measures itself when it is made, and Alpine shows things a moment later. */
export function inSight(element) {
  return new Promise((resolve) => {
    const observer = new ResizeObserver(() => {
      if (!element.clientWidth) return;
      observer.disconnect();
      resolve();
    });
    observer.observe(element);
  });
}

/** Return a cell's content: `text`, drawn in the classes of `name`. */
export function word(text, name = '') {
  const span = document.createElement('span');
  span.textContent = text;
  span.className = name;
  return span;
}

/** Return the width of a column, which the larger type of tablets needs more of. */
export const wide = (desk, tablet) => (matchMedia('(max-width: 1024px)').matches ? tablet : desk);

/** Return a table in `element`; its scrolling body is named as the row group it is. */
export function longTable(element, options) {
  const table = new Tabulator(element, { layout: 'fitColumns', ...options });
  table.on('tableBuilt', () => {
    inSight(element).then(() => table.redraw(true));
    element.removeAttribute('aria-owns');
    element.querySelector('.tabulator-tableholder').setAttribute('role', 'rowgroup');
    element.querySelector('.tabulator-table').setAttribute('role', 'presentation');
  });
  return table;
}
