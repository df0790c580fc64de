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

/** Call `act` once `element` has a size: x-show lets it wait for the next frame, and the table measures itself. */
function whenSeen(element, act) {
  const watcher = new ResizeObserver(() => {
    if (!element.clientHeight) return;
    watcher.disconnect();
    act();
  });
  watcher.observe(element);
}

/** Return a table in `element`; its scrolling body is named as the row group it is. */
export function longTable(element, options) {
  const table = new Tabulator(element, { layout: 'fitColumns', ...options });
  table.on('tableBuilt', () => {
    whenSeen(element, () => table.redraw(true));
    element.removeAttribute('aria-owns');
    element.querySelector('.tabulator-tableholder').setAttribute('role', 'rowgroup');
    element.querySelector('.tabulator-table').setAttribute('role', 'presentation');
  });
  return table;
}
