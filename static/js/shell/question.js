// The one question dialog: its title is the question, its button repeats the verb, Esc says no.
import { answer } from '../core/feedback.js';

export function question() {
  return {
    init() {
      this.$watch('$store.question.open', (open) => {
        if (open) this.$el.showModal();
        else this.$el.close();
      });
      this.$el.addEventListener('cancel', (event) => {
        event.preventDefault();
        answer(false);
      });
    },
    yes() { answer(true); },
    no() { answer(false); },
  };
}
