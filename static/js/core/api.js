// The one way to the program: JSON under /api/v1, with the CSRF token on every change; who has to prove himself first is asked.
import { hintOf, t } from './i18n.js';

const ROTATION_MILLISECONDS = 1000;
const meta = document.querySelector('meta[name="csrf-token"]');
let token = meta ? meta.content : '';
const doors = { signIn: null, stepUp: null };

/** Say what opens where the program wants somebody to sign in (`signIn`) or to prove himself again (`stepUp`): each resolves to whether he did. */
export function setDoors(given) {
  Object.assign(doors, given);
}

/** What the program refused or could not do: its sentence, hint, code and error number. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || t('error.unreachable'));
    this.status = status;
    this.code = problem.code || '';
    this.hint = hintOf(problem);
    this.facts = problem.facts || {};
    this.errorId = problem.error_id || '';
    this.isGivenUp = false;
  }
}

/** Send by the one means that tells how much of the body has gone: `onSent` hears a fraction. */
function sendTelling(method, address, headers, body, onSent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, address);
    Object.entries(headers).forEach(([name, value]) => request.setRequestHeader(name, value));
    request.upload.addEventListener('progress', ({ loaded, total }) => onSent(total ? loaded / total : 0));
    request.addEventListener('load', () => resolve(new Response(request.responseText, { status: request.status })));
    request.addEventListener('error', reject);
    request.send(body);
  });
}

async function ask(method, path, body, onSent = null) {
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-CSRF-Token'] = token;
  let payload = body;
  if (body !== undefined && !(body instanceof FormData)) {
    headers['Content-Type'] = 'application/json';
    payload = JSON.stringify(body);
  }
  try {
    if (onSent) return await sendTelling(method, `/api/v1${path}`, headers, payload, onSent);
    return await fetch(`/api/v1${path}`, { method, headers, body: payload, credentials: 'same-origin' });
  } catch {
    throw new ApiError(0, { detail: t('error.unreachable'), hint: t('error.unreachable_hint'), code: 'unreachable' });
  }
}

function readJson(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

const here = () => encodeURIComponent(location.pathname + location.search);

/** Wait until the keys have been turned: the store is closed for it and opens again by itself. */
async function waitForKeys() {
  for (;;) {
    await new Promise((resolve) => { setTimeout(resolve, ROTATION_MILLISECONDS); });
    const progress = readJson(await (await ask('GET', '/vault/rotation')).text());
    if (!progress || !progress.is_running) return true;
  }
}

/** Return what opens the way for a refused call; null where nothing does. */
function doorOf(problem) {
  if (problem.code === 'web.step_up_needed') return doors.stepUp;
  if (problem.code === 'vault.rotating') return waitForKeys;
  if (problem.code === 'vault.locked') {
    location.assign(`/unlock?next=${here()}`);
  } else if (problem.status === 401) {
    if (doors.signIn) return doors.signIn;
    location.assign(`/sign-in?next=${here()}`);
  }
  return null;
}

/** Send, and send again once the person has proven what the program wants proven. */
async function sendThrough(method, path, body, onSent) {
  for (;;) {
    const answer = await ask(method, path, body, onSent);
    if (answer.ok) return answer;
    const problem = new ApiError(answer.status, readJson(await answer.text()) || { title: t('error.answer', { status: answer.status }) });
    const door = doorOf(problem);
    if (!door || !(await door())) {
      problem.isGivenUp = door !== null;
      throw problem;
    }
  }
}

async function send(method, path, body, onSent) {
  return readJson(await (await sendThrough(method, path, body, onSent)).text());
}

function takeToken(answer) {
  if (answer && answer.csrf_token) token = answer.csrf_token;
  return answer;
}

/** Ask in which state the program is; the answer brings the present CSRF token. */
export async function readStatus() {
  return takeToken(await send('GET', '/status'));
}

/** Prove something (pass phrase, password, code): no door opens for a refusal, and the answer brings the token of the session. */
export async function prove(path, body, onSent) {
  const answer = await ask('POST', path, body, onSent);
  const document_ = readJson(await answer.text());
  if (!answer.ok) throw new ApiError(answer.status, document_ || { title: t('error.answer', { status: answer.status }) });
  if (document_ && !document_.csrf_token && document_.state) await readStatus();
  return takeToken(document_);
}

/** Send a state change and return the answer as it came: a file. */
export async function fetchFile(method, path, body) {
  const answer = await sendThrough(method, path, body);
  const named = /filename\*?=(?:UTF-8'')?"?([^";]+)/.exec(answer.headers.get('Content-Disposition') || '');
  return { blob: await answer.blob(), name: named ? decodeURIComponent(named[1]) : '' };
}

/** Return `path` with the parameters that have a value. */
export function withQuery(path, parameters) {
  const filled = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return filled.length ? `${path}?${new URLSearchParams(filled)}` : path;
}

export const get = (path, parameters = {}) => send('GET', withQuery(path, parameters));
export const post = (path, body, onSent) => send('POST', path, body, onSent);
export const put = (path, body) => send('PUT', path, body);
export const remove = (path, parameters = {}, body = undefined) => send('DELETE', withQuery(path, parameters), body);

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
