// Bundles each browser library into one ES module of static/vendor; the pages import them by relative path.
import { build } from 'esbuild';
import { rm, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, '..', '..', 'static', 'vendor');

const echarts = `
import * as core from 'echarts/core';
import { LineChart, BarChart } from 'echarts/charts';
import { GridComponent, TooltipComponent, DataZoomComponent, MarkPointComponent, AxisPointerComponent } from 'echarts/components';
import { CanvasRenderer } from 'echarts/renderers';
core.use([LineChart, BarChart, GridComponent, TooltipComponent, DataZoomComponent, MarkPointComponent, AxisPointerComponent,
  CanvasRenderer]);
export const init = core.init;
`;

const entries = {
  'alpine.js': "export { default } from '@alpinejs/csp';",
  'echarts.js': echarts,
  'klinecharts.js': "export { init, dispose, registerOverlay, registerIndicator, registerLocale } from 'klinecharts';",
  'tabulator.js': `
import { Tabulator, SortModule, FormatModule, KeybindingsModule, SelectRowModule, ResizeColumnsModule, ExportModule, DownloadModule,
  InteractionModule, ResizeTableModule, FilterModule, PageModule, AccessorModule } from 'tabulator-tables';
Tabulator.registerModule([SortModule, FormatModule, KeybindingsModule, SelectRowModule, ResizeColumnsModule, ExportModule,
  DownloadModule, InteractionModule, ResizeTableModule, FilterModule, PageModule, AccessorModule]);
export { Tabulator };
`,
};

await rm(vendor, { recursive: true, force: true });
await mkdir(vendor, { recursive: true });
await Promise.all(Object.entries(entries).map(([name, contents]) => build({
  stdin: { contents, resolveDir: here, sourcefile: name },
  outfile: join(vendor, name),
  bundle: true,
  format: 'esm',
  minify: true,
  charset: 'utf8',
  target: ['chrome110', 'safari16.4', 'firefox115'],
  legalComments: 'eof',
  logLevel: 'warning',
})));
await build({
  entryPoints: [join(here, 'node_modules', 'tabulator-tables', 'dist', 'css', 'tabulator.css')],
  outfile: join(vendor, 'tabulator.css'),
  minify: true,
  logLevel: 'warning',
});
