// Live news: the websocket while it stands, a poll of the job list while it does not.
import { get } from './api.js';
import { every, isAway, isQuiet } from './polling.js';

const POLL_MILLISECONDS = 2000;
const NEWS_MILLISECONDS = 15000;
const FINAL = new Set(['succeeded', 'failed', 'cancelled', 'timed_out']);
const TOPICS = ['jobs.', 'user_auth.'];
const listeners = new Set();
const others = new Map();
const connection = new Set();
let socket = null;
let retry = 1000;
let stopsPolling = null;
let waiting = 0;
const seen = new Map();

/** Pass on what is new about `job`; one that ended long ago is no news. */
function tell(job) {
  const mark = `${job.state} ${job.progress} ${job.stage} ${job.cancel_requested}`;
  const before = seen.get(job.id);
  if (before === mark) return;
  seen.set(job.id, mark);
  const isOld = before === undefined && FINAL.has(job.state) && Date.now() - new Date(job.finished_at).getTime() > NEWS_MILLISECONDS;
  if (!isOld) listeners.forEach((listener) => listener(job));
}

function report(online) {
  connection.forEach((listener) => listener(online));
}

async function poll() {
  try {
    const page = await get('/jobs', { limit: 50 });
    report(true);
    page.items.forEach(tell);
  } catch (problem) {
    if (problem.status === 0) report(false);
  }
}

function startPolling() {
  if (!stopsPolling) stopsPolling = every(POLL_MILLISECONDS, poll);
}

function stopPolling() {
  if (stopsPolling) stopsPolling();
  stopsPolling = null;
}

function connect() {
  if (isAway()) return; // until somebody is back
  if (isQuiet()) {
    waiting = setTimeout(connect, retry);
    return;
  }
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  socket = new WebSocket(`${scheme}://${location.host}/api/v1/events`);
  socket.addEventListener('open', () => {
    retry = 1000;
    socket.send(JSON.stringify({ subscribe: TOPICS }));
    stopPolling();
    report(true);
    poll();
  });
  socket.addEventListener('message', (event) => {
    const { topic, message } = JSON.parse(event.data);
    if (topic && topic.startsWith('jobs.') && message && message.job) tell(message.job);
    (others.get(topic) || []).forEach((listener) => listener(message));
  });
  socket.addEventListener('close', () => {
    startPolling(); // a session that ended is found out here, not by a handshake that fails
    waiting = setTimeout(connect, retry);
    retry = Math.min(retry * 2, 30000);
  });
}

/** Call `listener(message)` at every piece of news of `topic`. */
export function onNews(topic, listener) {
  others.set(topic, [...(others.get(topic) || []), listener]);
}

window.addEventListener('quantbox:signed-in', () => {
  if (!socket || socket.readyState < WebSocket.CLOSING) return;
  clearTimeout(waiting);
  retry = 1000;
  connect();
});

/** Call `listener(job)` at every change of a job; the first caller opens the connection. */
export function onJob(listener) {
  listeners.add(listener);
  if (!socket) connect();
  return () => listeners.delete(listener);
}

/** Call `listener(online)` when the program is reached or lost. */
export function onConnection(listener) {
  connection.add(listener);
}

export const isFinal = (state) => FINAL.has(state);
