// The page on which a person signs in while the store is open.
import { start } from '../core/app.js';
import { focusSoon } from '../core/focus.js';
import { joined } from '../core/joined.js';
import { signInForm } from '../identity/sign_in.js';
import { launch, target } from './launch.js';
import { plainBar } from './plain_bar.js';

function signIn() {
  return joined(signInForm(() => location.replace(target())), plainBar, {
    async init() {
      this.adopt(this.$el);
      if (await launch()) {
        location.replace(target());
        return;
      }
      await this.look();
      if (this.step === 'owner') focusSoon(() => this.$refs.phrase);
      else if (!this.name && !this.password) this.$refs.name.focus();
    },
  });
}

start({ signIn });
