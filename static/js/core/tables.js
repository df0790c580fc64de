// Long tables: Tabulator with the roles screen readers expect.
import { Tabulator } from '../../vendor/tabulator.js';

/** Return a table in `element`; its scrolling body is named as the row group it is. */
export function longTable(element, options) {
  const table = new Tabulator(element, { layout: 'fitColumns', ...options });
  table.on('tableBuilt', () => {
    element.removeAttribute('aria-owns');
    element.querySelector('.tabulator-tableholder').setAttribute('role', 'rowgroup');
    element.querySelector('.tabulator-table').setAttribute('role', 'presentation');
  });
  return table;
}
