// Starts Alpine with the words, formats and stores every page uses.
import Alpine from '../../vendor/alpine.js';
import { staticBase, t, pick } from './i18n.js';
import * as format from './format.js';
import { registerFeedback } from './feedback.js';
import { shell } from '../shell/shell.js';
import { palette } from '../shell/palette.js';
import { question } from '../shell/question.js';
import { lockOverlay } from '../identity/lock_screen.js';
import { stepUpDialog } from '../identity/step_up.js';
import { dateField } from '../shell/date_field.js';
import { watchTips } from '../shell/tips.js';

/** Register the page's own components and start. */
export function start(components = {}) {
  Alpine.magic('t', () => t);
  Alpine.magic('pick', () => pick);
  Alpine.magic('f', () => format);
  Alpine.magic('icon', () => (name) => `${staticBase}icons.svg#${name}`);
  registerFeedback(Alpine);
  for (const [name, component] of Object.entries({ shell, palette, question, dateField, lockOverlay, stepUpDialog, ...components })) Alpine.data(name, component);
  watchTips();
  Alpine.start();
  document.documentElement.dataset.ready = 'true';
}
