// The one way to the program: JSON under /api/v1, with the CSRF token on every change.
import { hintOf, t } from './i18n.js';

const meta = document.querySelector('meta[name="csrf-token"]');
let token = meta ? meta.content : '';

/** What the program refused or could not do: its sentence, hint, code and error number. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || t('error.unreachable'));
    this.status = status;
    this.code = problem.code || '';
    this.hint = hintOf(problem);
    this.facts = problem.facts || {};
    this.errorId = problem.error_id || '';
  }
}

async function send(method, path, body) {
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-CSRF-Token'] = token;
  let payload = body;
  if (body !== undefined && !(body instanceof FormData)) {
    headers['Content-Type'] = 'application/json';
    payload = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, { method, headers, body: payload, credentials: 'same-origin' });
  } catch {
    throw new ApiError(0, { detail: t('error.unreachable'), hint: t('error.unreachable_hint'), code: 'unreachable' });
  }
  const text = await answer.text();
  let document_ = null;
  try {
    document_ = text ? JSON.parse(text) : null;
  } catch {
    document_ = null;
  }
  if (answer.ok) return document_;
  if ((answer.status === 401 || (document_ && document_.code === 'vault.locked')) && !location.pathname.startsWith('/unlock') && !location.pathname.startsWith('/welcome')) {
    location.assign(`/unlock?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  throw new ApiError(answer.status, document_ || { title: t('error.answer', { status: answer.status }) });
}

/** Ask in which state the program is; the answer brings the present CSRF token. */
export async function readStatus() {
  const status = await send('GET', '/status');
  if (status.csrf_token) token = status.csrf_token;
  return status;
}

/** Open, create or sign in; the answer brings the token of the new session. */
export async function signIn(path, body) {
  const answer = await send('POST', path, body);
  if (answer.csrf_token) token = answer.csrf_token;
  else await readStatus();
  return answer;
}

/** Return `path` with the parameters that have a value. */
export function withQuery(path, parameters) {
  const filled = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return filled.length ? `${path}?${new URLSearchParams(filled)}` : path;
}

export const get = (path, parameters = {}) => send('GET', withQuery(path, parameters));
export const post = (path, body) => send('POST', path, body);
export const put = (path, body) => send('PUT', path, body);
export const remove = (path, parameters = {}) => send('DELETE', withQuery(path, parameters));

/** Read every page of a cursor-paged list, at most `most` items; `onPage` hears what there is after each. */
export async function getAll(path, parameters = {}, onPage = () => {}, most = 20000) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { limit: 500, ...parameters, cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
    onPage(items);
  } while (cursor && items.length < most);
  return items;
}
