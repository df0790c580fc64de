// Proving oneself again before a sensitive act: a dialog that any refused call opens and that repeats the call afterwards.
import { get, setDoors } from '../core/api.js';
import { joined } from '../core/joined.js';
import { secondFactor } from './second_factor.js';

let dialog = null;
let asking = null;

/** Let the person prove himself again; resolves to whether he did. Calls refused meanwhile wait for the same answer. */
export function stepUp() {
  asking = asking || dialog.ask().finally(() => { asking = null; });
  return asking;
}

/** Return whether the person has proven himself a moment ago, asking him when he has not. */
export async function steppedUp() {
  const { fresh_until: until } = await get('/session/step-up');
  return (until && new Date(until).getTime() > Date.now() + 5000) || stepUp();
}

export function stepUpDialog() {
  return joined(secondFactor, {
    proofBase: '/session/step-up',
    proofPath: '/session/step-up',
    settle: null,
    isOpen: false,

    init() {
      dialog = this;
      setDoors({ stepUp });
      this.$el.addEventListener('close', () => this.end(false));
    },
    async ask() {
      const { methods } = await get('/session/step-up');
      const before = document.activeElement;
      this.isOpen = true;
      this.$root.showModal();
      this.$nextTick(() => this.offer(methods));
      const proven = await new Promise((resolve) => { this.settle = resolve; });
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      return proven;
    },
    async proven() { this.end(true); },
    end(value) {
      const settle = this.settle;
      this.settle = null;
      Object.assign(this, { code: '', isOpen: false });
      if (this.$root.open) this.$root.close();
      if (settle) settle(value);
    },
    cancel() { this.end(false); },
  });
}
