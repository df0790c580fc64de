// The first run: is the computer ready, the pass phrase, the first data, the first backtest.
import { get, post, readStatus, signIn } from '../core/api.js';
import { start } from '../core/app.js';
import { setLanguage, setTheme, isDark } from '../core/appearance.js';
import { bar } from '../core/bar.js';
import { isFinal } from '../core/events.js';
import { complain } from '../core/feedback.js';
import { bytes, integer } from '../core/format.js';
import { language, pick, t } from '../core/i18n.js';
import { importing } from '../data/importing.js';
import { judge, thinkUp } from './passphrase.js';

const STEPS = ['check', 'passphrase', 'data', 'done'];
const CLOCK_SECONDS = 120;
const ROOM_BYTES = 2 * 2 ** 30;
const FIRST_YEARS = 3;
const WATCH_MILLISECONDS = 700;

const joined = (...parts) => parts.reduce((whole, part) => Object.defineProperties(whole, Object.getOwnPropertyDescriptors(part)), {});

function welcome() {
  return joined(importing, {
    step: 0,
    version: '',
    checks: [],
    phrase: '',
    again: '',
    generated: { phrase: '', bits: 0 },
    shown: false,
    understood: false,
    touched: false,
    busy: false,
    fault: null,
    choice: 'demo',
    stored: null,
    sampleSymbol: '',
    dark: isDark(),

    async init() {
      try {
        const asked = Date.now();
        const answer = await fetch('/api/v1/status', { headers: { Accept: 'application/json' } });
        await answer.text(); // an answer left unread keeps its connection
        const served = new Date(answer.headers.get('Date') || asked).getTime();
        const status = await readStatus();
        this.version = status.version;
        this.look(Math.abs(Date.now() - served) / 1000, status.place);
        if (status.state === 'signed_in') this.step = 2;
        else if (status.state === 'locked' || status.state === 'unlocked') location.assign('/unlock');
      } catch (problem) {
        this.fault = { message: problem.message, hint: problem.hint };
      }
    },
    look(clockSeconds, place) {
      const local = ['127.0.0.1', 'localhost', '[::1]'].includes(location.hostname);
      const random = typeof crypto !== 'undefined' && typeof crypto.getRandomValues === 'function';
      const modern = typeof HTMLDialogElement === 'function' && typeof WebSocket === 'function' && CSS.supports('color', 'color-mix(in srgb, red, blue)');
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      const room = place !== null && place.is_writable && place.free_bytes >= ROOM_BYTES;
      const roomText = place ? t(place.is_writable ? (room ? 'welcome.check_disk_ok' : 'welcome.check_disk_small') : 'welcome.check_disk_locked', { free: bytes(place.free_bytes) }) : '';
      this.checks = [
        { key: 'program', ok: true, label: t('welcome.check_program'), text: t('welcome.check_program_ok', { version: this.version }) },
        ...(place ? [{ key: 'disk', ok: room, bearable: place.is_writable, label: t('welcome.check_disk'), text: roomText }] : []),
        { key: 'local', ok: local, bearable: true, label: t('welcome.check_local'), text: t(local ? 'welcome.check_local_ok' : 'welcome.check_local_bad', { host: location.hostname }) },
        { key: 'random', ok: random, label: t('welcome.check_random'), text: t(random ? 'welcome.check_random_ok' : 'welcome.check_random_bad') },
        { key: 'browser', ok: modern, label: t('welcome.check_browser'), text: t(modern ? 'welcome.check_browser_ok' : 'welcome.check_browser_bad') },
        { key: 'clock', ok: clockSeconds < CLOCK_SECONDS, label: t('welcome.check_clock'), text: t(clockSeconds < CLOCK_SECONDS ? 'welcome.check_clock_ok' : 'welcome.check_clock_bad', { zone }) },
      ];
    },
    get checksFine() { return this.checks.length > 0 && this.checks.every((check) => check.ok || check.bearable); },
    get steps() {
      return STEPS.map((name, index) => ({ name, index, number: index + 1, title: t(`welcome.step_${name}`), note: t(`welcome.note_${name}`), done: index < this.step, current: index === this.step }));
    },
    get stepText() { return t('welcome.step_of', { n: this.step + 1, total: STEPS.length }); },
    get strength() { return judge(this.phrase, this.phrase && this.phrase === this.generated.phrase ? this.generated.bits : 0); },
    get strengthText() { return t(`strength.${this.strength.level}`); },
    get bitsText() { return this.phrase ? t(`strength.note_${this.strength.level}`, { bits: this.strength.bits }) : ''; },
    get meter() { return [1, 2, 3, 4].map((level) => ({ level, on: this.strength.level >= level })); },
    get matches() { return this.again !== '' && this.again === this.phrase; },
    get differs() { return this.touched && this.again !== '' && this.again !== this.phrase; },
    get canCreate() { return this.strength.long && this.matches && this.understood && !this.busy; },
    get whyNot() {
      if (!this.strength.long) return t('welcome.need_length');
      if (!this.matches) return t('welcome.need_match');
      return this.understood ? '' : t('welcome.need_understood');
    },
    get fieldType() { return this.shown ? 'text' : 'password'; },
    toggleShown() { this.shown = !this.shown; },
    touchAgain() { this.touched = true; },
    async think() {
      this.generated = await thinkUp();
      this.phrase = this.generated.phrase;
      this.again = '';
      this.shown = true;
    },
    back() { if (this.step === 1) this.step = 0; },
    toPassphrase() {
      this.step = 1;
      this.$nextTick(() => this.$refs.phrase.focus());
    },
    async create() {
      if (!this.canCreate) return;
      this.busy = true;
      this.fault = null;
      try {
        await signIn('/vault/create', { passphrase: this.phrase });
        this.phrase = '';
        this.again = '';
        this.generated = { phrase: '', bits: 0 };
        this.step = 2;
      } catch (problem) {
        this.fault = { message: problem.message, hint: problem.hint };
      }
      this.busy = false;
    },
    choose(choice) { this.choice = choice; },
    isChosen(choice) { return this.choice === choice; },
    get canGoOn() { return !this.busy && !this.isImporting && (this.choice !== 'files' || (this.outcome !== null && this.files.some((file) => file.good))); },
    get goOnText() { return t(this.busy ? 'welcome.loading_demo' : 'welcome.go_on'); },
    async watchImport() {
      while (this.importJob && !isFinal(this.importJob.state)) {
        await new Promise((resolve) => { setTimeout(resolve, WATCH_MILLISECONDS); });
        this.takeImport(await get(`/jobs/${this.importJob.id}`));
      }
    },
    async dropAndWatch(event) {
      await this.dropFiles(event);
      await this.watchImport();
    },
    async pickAndWatch(event) {
      await this.pickFiles(event);
      await this.watchImport();
    },
    async finishData() {
      this.busy = true;
      this.fault = null;
      try {
        if (this.choice === 'demo') this.sampleSymbol = (await post('/data/demo')).sample_symbol;
        this.stored = (await get('/overview')).stored;
        this.step = 3;
      } catch (problem) {
        this.fault = { message: problem.message, hint: problem.hint };
      }
      this.busy = false;
    },
    get storedText() { return this.stored && this.stored.symbols ? t('welcome.stored', { symbols: integer(this.stored.symbols), bars: integer(this.stored.bars) }) : t('welcome.nothing_stored'); },
    get canRun() { return this.stored !== null && this.stored.symbols > 0 && !this.busy; },
    async firstInstrument() {
      if (this.sampleSymbol) return get(`/market/instruments/${encodeURIComponent(this.sampleSymbol)}`);
      const [stock] = (await get('/market/instruments', { kind: 'stock', limit: 1 })).items;
      return stock || (await get('/market/instruments', { limit: 1 })).items[0];
    },
    async runFirst() {
      this.busy = true;
      try {
        const [samples, stock, settings] = await Promise.all([get('/backtests/samples'), this.firstInstrument(), get('/settings')]);
        const [sample] = samples;
        const last = stock.last_date || this.stored.last;
        const first = `${Number(last.slice(0, 4)) - FIRST_YEARS}${last.slice(4).replace('-02-29', '-02-28')}`;
        const job = await post('/backtests', {
          source: sample.source, file_name: sample.file_name, class_name: sample.class_name, symbols: [stock.symbol], start: first, end: last, cash: String(settings.initial_cash), params: {}, rules: true,
        });
        location.assign(`/backtests/${job.id}`);
      } catch (problem) {
        complain(problem);
        this.busy = false;
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
    bar, pick,
  });
}

start({ welcome });
