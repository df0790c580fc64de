// Opening the store again: the pass phrase, or the window's one-use launch token.
import { signIn } from '../core/api.js';
import { start } from '../core/app.js';
import { isDark, setLanguage, setTheme } from '../core/appearance.js';
import { language } from '../core/i18n.js';

/** Return where to go afterwards: only an address of this very program. */
function target() {
  const next = new URLSearchParams(location.search).get('next') || '/';
  try {
    // as the browser itself reads it: it drops tabs and line ends, and takes a backslash for a slash
    const address = new URL(next, location.origin);
    return address.origin === location.origin ? address.href : '/';
  } catch {
    return '/';
  }
}

function unlock() {
  return {
    phrase: '',
    shown: false,
    busy: false,
    fault: null,
    dark: isDark(),

    async init() {
      const token = /^#launch=(.+)$/.exec(location.hash);
      if (token) {
        history.replaceState(null, '', location.pathname + location.search);
        try {
          await signIn('/session/launch', { token: decodeURIComponent(token[1]) });
          location.replace(target());
          return;
        } catch {
          // the store is locked or the token used: the pass phrase opens it
        }
      }
      this.$refs.phrase.focus();
    },
    get fieldType() { return this.shown ? 'text' : 'password'; },
    toggleShown() { this.shown = !this.shown; },
    async open() {
      if (!this.phrase || this.busy) return;
      this.busy = true;
      this.fault = null;
      try {
        await signIn('/vault/unlock', { passphrase: this.phrase });
        this.phrase = '';
        location.assign(target());
      } catch (problem) {
        this.fault = { message: problem.message, hint: problem.hint };
        this.busy = false;
        this.$nextTick(() => this.$refs.phrase.select());
      }
    },
    switchLanguage() {
      setLanguage(language === 'zh' ? 'en' : 'zh');
      location.reload();
    },
    toggleTheme() {
      this.dark = !this.dark;
      setTheme(this.dark ? 'dark' : 'light');
    },
  };
}

start({ unlock });
