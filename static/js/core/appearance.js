// Theme, price colours, rail and presenter eye: kept in cookies so that the server renders them before first paint.
const root = document.documentElement;
const listeners = new Set();

function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=strict`;
}

function changed() {
  listeners.forEach((listener) => listener());
}

/** Call `listener` whenever colours change, so that canvases can be drawn again. */
export function onAppearance(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setTheme(theme) {
  root.dataset.theme = theme;
  remember('quantbox_theme', theme);
  changed();
}

export function setColours(colours) {
  root.dataset.colours = colours;
  remember('quantbox_colours', colours);
  changed();
}

export function setLanguage(language) {
  remember('quantbox_language', language);
}

export function setRail(state) {
  root.dataset.rail = state;
  remember('quantbox_rail', state);
  window.dispatchEvent(new Event('resize'));
}

export function setPresenting(on) {
  root.classList.toggle('is-presenting', on);
  remember('quantbox_presenting', on ? '1' : '0');
  changed();
}

export const isPresenting = () => root.classList.contains('is-presenting');

/** Return whether the page is dark now. */
export function isDark() {
  if (root.dataset.theme !== 'system') return root.dataset.theme === 'dark';
  return matchMedia('(prefers-color-scheme: dark)').matches;
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);

/** Return the present value of a colour token as a colour a canvas understands. */
export function colour(token) {
  const probe = document.createElement('i');
  probe.style.color = `var(--${token})`;
  probe.hidden = true;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** Return a colour token with an alpha, for areas and tints on canvases. */
export function faint(token, alpha) {
  return colour(token).replace(/^rgba?\(([^)]+)\)$/, (whole, parts) => {
    const [red, green, blue] = parts.split(/[ ,/]+/);
    return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
  });
}

export const FONT = "'PingFang SC', 'Microsoft YaHei UI', 'Noto Sans CJK SC', sans-serif";
