// Live news of jobs: the websocket while it stands, a poll of the job list while it does not.
import { get } from './api.js';

const POLL_MILLISECONDS = 2000;
const listeners = new Set();
const connection = new Set();
let socket = null;
let retry = 1000;
let polling = 0;
let seen = new Map();

function tell(job) {
  listeners.forEach((listener) => listener(job));
}

function report(online) {
  connection.forEach((listener) => listener(online));
}

async function poll() {
  try {
    const page = await get('/jobs', { limit: 50 });
    report(true);
    for (const job of page.items) {
      const mark = `${job.state} ${job.progress} ${job.stage}`;
      if (seen.get(job.id) !== mark) {
        seen.set(job.id, mark);
        tell(job);
      }
    }
  } catch (problem) {
    if (problem.status === 0) report(false);
  }
}

function startPolling() {
  if (!polling) polling = setInterval(poll, POLL_MILLISECONDS);
}

function stopPolling() {
  clearInterval(polling);
  polling = 0;
}

function connect() {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  socket = new WebSocket(`${scheme}://${location.host}/api/v1/events`);
  socket.addEventListener('open', () => {
    retry = 1000;
    socket.send(JSON.stringify({ subscribe: ['jobs.'] }));
    stopPolling();
    report(true);
    poll();
  });
  socket.addEventListener('message', (event) => {
    const { topic, message } = JSON.parse(event.data);
    if (topic && topic.startsWith('jobs.') && message && message.job) tell(message.job);
  });
  socket.addEventListener('close', () => {
    startPolling();
    setTimeout(connect, retry);
    retry = Math.min(retry * 2, 30000);
  });
}

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

const FINAL = new Set(['succeeded', 'failed', 'cancelled', 'timed_out']);
export const isFinal = (state) => FINAL.has(state);
