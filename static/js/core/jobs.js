// A job's state and stage in words, its chip and its bar.
import { knows, t, pick } from './i18n.js';
import { duration } from './format.js';

const CHIPS = {
  queued: ['', 'clock'], requeued: ['', 'clock'], running: ['accent', 'play'], succeeded: ['', 'check'],
  failed: ['stop', 'block'], cancelled: ['', 'close'], timed_out: ['stop', 'clock'],
};

export const stateChip = (state) => (CHIPS[state] || ['', 'info'])[0];
export const stateIcon = (state) => (CHIPS[state] || ['', 'info'])[1];
export const stateText = (state) => (knows(`state.${state}`) ? t(`state.${state}`) : state);
export const stageText = (stage) => (stage ? (knows(`stage.${stage}`) ? t(`stage.${stage}`) : stage) : '');

/** Return what is beside a job's bar: percent and time left, or why it waits. */
export function progressText(job) {
  if (job.cancel_requested) return t('job.cancelling');
  if (job.state === 'queued' || job.state === 'requeued') return stateText(job.state);
  const parts = [`${Math.floor((job.progress || 0) * 100)}%`];
  if (job.eta_seconds) parts.push(t('job.about', { time: duration(job.eta_seconds) }));
  return parts.join(' · ');
}

/** Return why a job waits, given how many others run. */
export function waitText(job, running) {
  if (job.state === 'requeued') return t('job.wait_again');
  return running ? t('job.wait_turn', { n: running }) : t('job.wait_worker');
}

export const jobTitle = (job) => [t(`kind.${job.kind}`), job.title].filter(Boolean).join(' · ');
export const reasonText = (job) => (job && job.reason ? pick(job.reason.message) : '');
