// Ten recovery codes, seen once: to print or to save.
import { saveText } from '../core/files.js';
import { t } from '../core/i18n.js';

export const recoveryCodes = {
  codes: [],

  /** Show new codes; null keeps those the person has. */
  showCodes(codes) { this.codes = codes || []; },
  printCodes() { window.print(); },
  saveCodes() { saveText(t('codes.file_name'), `${t('codes.file_head')}\n\n${this.codes.join('\n')}\n`); },
  forgetCodes() { this.codes = []; },
};
