// A small line chart in SVG: one strong line with its area, one dashed to compare, no library.
const SVG = 'http://www.w3.org/2000/svg';

function add(parent, name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
}

/** Return at most `most` evenly spread items, first and last included. */
export function thin(items, most) {
  if (items.length <= most) return items;
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => items[Math.round(index * step)]);
}

/** Draw `main` and `other` (arrays of numbers over the same time) into `svg`. */
export function drawSparkline(svg, main, other = []) {
  const width = svg.clientWidth || 480;
  const height = svg.clientHeight || 96;
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren();
  const values = [...main, ...other].filter(Number.isFinite);
  if (main.length < 2) return;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = high - low || 1;
  const x = (index, count) => 1 + (index / (count - 1)) * (width - 8);
  const y = (value) => 5 + (1 - (value - low) / span) * (height - 12);
  const line = (series) => series.map((value, index) => `${x(index, series.length).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  for (const share of [0, 0.5, 1]) {
    const level = y(low + share * span);
    add(svg, 'line', { x1: 0, x2: width, y1: level, y2: level, class: 'spark-grid' });
  }
  add(svg, 'polygon', { points: `1,${height} ${line(main)} ${x(main.length - 1, main.length)},${height}`, class: 'spark-area' });
  if (other.length > 1) add(svg, 'polyline', { points: line(other), class: 'spark-other' });
  add(svg, 'polyline', { points: line(main), class: 'spark-main' });
  add(svg, 'circle', { cx: x(main.length - 1, main.length), cy: y(main[main.length - 1]), r: 3.5, class: 'spark-end' });
}
