// Toasts and questions: one store each, drawn by the shell.
import { t } from './i18n.js';

const TOAST_MILLISECONDS = 5000;
let next = 1;
let box = { toasts: [] };
let ask = null;

/** Register the stores with Alpine. */
export function registerFeedback(Alpine) {
  Alpine.store('feedback', { toasts: [], close(id) { this.toasts = this.toasts.filter((toast) => toast.id !== id); } });
  Alpine.store('question', { open: false, title: '', body: '', action: '', danger: false });
  box = Alpine.store('feedback');
  ask = Alpine.store('question');
}

/** Show a short message; warnings and refusals stay until they are closed. */
export function toast(text, { kind = 'done', hint = '', action = '', run = null } = {}) {
  const id = next++;
  const icon = { done: 'check', warn: 'warn', stop: 'block' }[kind];
  box.toasts = [...box.toasts.slice(-3), { id, text, hint, kind, icon, action, run }];
  if (kind === 'done') setTimeout(() => box.close(id), TOAST_MILLISECONDS);
  return id;
}

/** Show what went wrong, with the program's own hint and its error number. */
export function complain(problem) {
  if (problem.isGivenUp || problem.status === 401) return; // the reader himself did not go on, or is led to sign in
  const hint = [problem.hint, problem.errorId && t('error.number', { id: problem.errorId })].filter(Boolean).join(' · ');
  toast(problem.message, { kind: problem.status === 0 ? 'warn' : 'stop', hint });
}

let settle = null;

/** Ask before something is done; resolves to true when the button that repeats the verb was pressed. */
export function confirm({ title, body, action, danger = false }) {
  Object.assign(ask, { open: true, title, body, action, danger });
  return new Promise((resolve) => { settle = resolve; });
}

/** Close the question with an answer. */
export function answer(value) {
  ask.open = false;
  if (settle) settle(value);
  settle = null;
}
