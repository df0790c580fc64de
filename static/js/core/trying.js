// A form that sends something: busy while it does, and with a sentence when it was refused.

export const trying = {
  busy: false,
  fault: null,

  /** Do `act`; returns whether it was done. What the reader himself gave up is no fault. */
  async trying(act) {
    this.busy = true;
    this.fault = null;
    let done = true;
    try {
      await act();
    } catch (problem) {
      done = false;
      if (!problem.isGivenUp) this.fault = { message: problem.message, hint: problem.hint || '' };
    }
    this.busy = false;
    return done;
  },
  openForm(name) {
    this.fault = null;
    this.$refs[name].showModal();
  },
  closeForm(name) { this.$refs[name].close(); },
};
