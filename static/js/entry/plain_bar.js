// What the bar before the program does: the language and the theme of this browser.
import { isDark, setLanguage, setTheme } from '../core/appearance.js';
import { language } from '../core/i18n.js';

export const plainBar = {
  dark: isDark(),
  switchLanguage() {
    setLanguage(language === 'zh' ? 'en' : 'zh');
    location.reload();
  },
  toggleTheme() {
    this.dark = !this.dark;
    setTheme(this.dark ? 'dark' : 'light');
  },
};
