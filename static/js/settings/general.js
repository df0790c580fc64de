// 设置: language and appearance, the defaults of new backtests, the state of the program.
import { get, put } from '../core/api.js';
import { start } from '../core/app.js';
import { setColours, setLanguage, setTheme } from '../core/appearance.js';
import { complain, toast } from '../core/feedback.js';
import { language, t } from '../core/i18n.js';
import { readCheck } from '../core/health.js';

const root = document.documentElement;
const RANGES = { commission_bps: [0, 100], commission_min_yuan: [0, 1000], initial_cash: [1000, 1e12] };
const FAULTS = { commission_bps: 'fault.bps', commission_min_yuan: 'fault.minimum', initial_cash: 'fault.cash' };

function general() {
  return {
    loading: true,
    failed: '',
    s: null,
    checks: [],
    checkedOk: true,
    checking: true,
    faults: {},

    async init() {
      try {
        this.s = await get('/settings');
        Object.assign(this.s, { language, theme: root.dataset.theme, price_colours: root.dataset.colours }); // this browser's own choice
        for (const name of Object.keys(RANGES)) this.s[name] = String(Number(this.s[name]));
      } catch (problem) {
        this.failed = problem.message;
      }
      this.loading = false;
      await this.examine();
      if (location.hash === '#doctor') this.$refs.doctor.scrollIntoView();
    },
    async examine() {
      this.checking = true;
      try {
        const found = await get('/doctor');
        this.checks = found.checks.map(readCheck);
        this.checkedOk = found.ok;
      } catch (problem) {
        complain(problem);
      }
      this.checking = false;
    },
    async save(change) {
      const before = { ...this.s };
      Object.assign(this.s, change);
      try {
        await put('/settings', change);
        return true;
      } catch (problem) {
        this.s = before;
        complain(problem);
        return false;
      }
    },
    async chooseTheme(theme) {
      setTheme(theme);
      await this.save({ theme });
    },
    async chooseColours(colours) {
      setColours(colours);
      await this.save({ price_colours: colours });
    },
    async chooseLanguage(language) {
      setLanguage(language);
      if (await this.save({ language })) location.reload();
    },
    is(name, value) { return this.s !== null && this.s[name] === value; },
    async saveNumber(name) {
      const text = String(this.s[name]).trim();
      const [low, high] = RANGES[name];
      const good = text !== '' && Number.isFinite(Number(text)) && Number(text) >= low && Number(text) <= high;
      this.faults[name] = good ? '' : t(FAULTS[name]);
      if (good && (await this.save({ [name]: text }))) toast(t('settings.saved'));
    },
    faultOf(name) { return this.faults[name] || ''; },
    get verdict() { return t(this.checkedOk ? 'doctor.fine' : 'doctor.look'); },
  };
}

start({ general });
