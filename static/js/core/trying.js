// Forms that send something and pages that read something: busy while they do, and with a sentence when it was refused.
import { joined } from './joined.js';

/** Return the part of a component that tries things by `method`, with its state under the names `busy` and `fault`. */
export const tryingAs = (method, busy, fault) => ({
  [busy]: false,
  [fault]: null,

  /** Do `act`; returns whether it was done. What the reader himself gave up is no fault. */
  async [method](act) {
    this[busy] = true;
    this[fault] = null;
    let done = true;
    try {
      await act();
    } catch (problem) {
      done = false;
      if (!problem.isGivenUp) this[fault] = { message: problem.message, hint: problem.hint || '' };
    }
    this[busy] = false;
    return done;
  },
});

/** The forms of a page. */
export const trying = joined(tryingAs('trying', 'busy', 'fault'), {
  openForm(name) {
    this.fault = null;
    this.$refs[name].showModal();
  },
  closeForm(name) { this.$refs[name].close(); },
});

/** What a page shows: on its way, or why it is not there. */
export const reading = {
  loading: true,
  failed: '',

  /** Do `act`, which reads all of it. */
  async reading(act) {
    try {
      await act();
      this.failed = '';
    } catch (problem) {
      this.failed = problem.message;
    }
    this.loading = false;
  },
};
