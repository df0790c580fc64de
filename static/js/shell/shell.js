// Rail, top bar and everything that is the same on each page: theme, presenter eye, lock, tasks, freshness, shortcuts.
import { get, post, prove, put } from '../core/api.js';
import { isDark, isPresenting, setPresenting, setRail, setTheme, onAppearance } from '../core/appearance.js';
import { onConnection, onJob, onNews, isFinal } from '../core/events.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { place } from '../core/format.js';
import { t, pick } from '../core/i18n.js';
import { isOwner } from '../core/person.js';
import { isAway } from '../core/polling.js';
import { lockScreen } from '../identity/lock_screen.js';
import { isTyping } from './keys.js';

const FRESHNESS_KEY = 'quantbox-freshness';
const FRESHNESS_SECONDS = 60;
const ACTIVITY_MILLISECONDS = 60 * 1000;
const PAGES = { o: '/', m: '/market', d: '/data', b: '/backtests', n: '/backtests/new', a: '/audit', s: '/settings' };

export function shell() {
  return {
    presenting: isPresenting(),
    dark: isDark(),
    online: true,
    jobs: {},
    freshness: null,
    helping: false,
    leading: false,
    noted: Date.now(),

    init() {
      onAppearance(() => { this.dark = isDark(); });
      onConnection((online) => { this.online = online; });
      onJob((job) => this.take(job));
      onNews('user_auth.new_place', (news) => this.tellOfSignIn(news));
      const section = document.querySelector('.sections [aria-current]');
      if (section) section.scrollIntoView({ inline: 'center', block: 'nearest' });
      this.readFreshness();
      if (location.hash.startsWith('#launch=')) history.replaceState(null, '', location.pathname + location.search);
      for (const kind of ['pointerdown', 'touchstart', 'keydown']) document.addEventListener(kind, () => this.noteActivity(), { passive: true });
      if (document.documentElement.dataset.demo) setInterval(() => this.noteActivity(), ACTIVITY_MILLISECONDS); // which has no password to come back with
      document.addEventListener('keydown', (event) => this.key(event));
      window.addEventListener('quantbox:act', (event) => this.act(event.detail));
    },
    get running() { return Object.values(this.jobs).filter((state) => state === 'running').length; },
    get queued() { return Object.values(this.jobs).filter((state) => state === 'queued' || state === 'requeued').length; },
    get taskText() { return t('shell.tasks', { running: this.running, queued: this.queued }); },
    take(job) {
      const before = this.jobs[job.id];
      if (isFinal(job.state)) {
        if (before && job.kind !== 'backtest') this.announce(job);
        delete this.jobs[job.id];
      } else {
        this.jobs[job.id] = job.state;
      }
    },
    async noteActivity() {
      if (isAway() || Date.now() - this.noted < ACTIVITY_MILLISECONDS) return;
      this.noted = Date.now();
      try {
        await prove('/session/activity');
      } catch {
        // an ended session shows itself at the next reading
      }
    },
    /** Somebody signed in from a place that was not known: the owner should hear of it at once. */
    tellOfSignIn({ device, address }) {
      toast(t('toast.new_place', { device: device || t('devices.unnamed'), address: place(address) }), { kind: 'warn', action: t('toast.new_place_look'), run: () => location.assign('/settings/devices') });
    },
    announce(job) {
      if (job.state === 'succeeded') window.dispatchEvent(new CustomEvent('quantbox:data'));
      if (location.pathname.startsWith('/data') || (location.pathname === '/settings/backup' && job.kind.startsWith('backup'))) return; // those pages tell of it themselves
      const done = job.state === 'succeeded';
      const reason = job.reason ? pick(job.reason.message) : '';
      toast(t(`toast.job_${job.state}`, { title: job.title || t(`kind.${job.kind}`) }), { kind: done ? 'done' : 'warn', hint: reason });
    },
    async readFreshness() {
      try {
        const kept = JSON.parse(sessionStorage.getItem(FRESHNESS_KEY) || 'null');
        if (kept && Date.now() - kept.at < FRESHNESS_SECONDS * 1000) {
          this.freshness = kept.value;
          return;
        }
        const { stored } = await get('/overview');
        this.freshness = stored.symbols ? { last: stored.last, is_demo: stored.is_demo } : { last: '', is_demo: false };
        sessionStorage.setItem(FRESHNESS_KEY, JSON.stringify({ at: Date.now(), value: this.freshness }));
      } catch {
        this.freshness = null; // the page itself says what is wrong
      }
    },
    get freshText() {
      if (!this.freshness) return '';
      return this.freshness.last ? t('shell.data_until', { date: this.freshness.last }) : t('shell.no_data');
    },
    toggleTheme() {
      const theme = this.dark ? 'light' : 'dark';
      setTheme(theme);
      this.saveSetting({ theme });
    },
    async saveSetting(change) {
      try {
        await put('/settings', change);
      } catch (problem) {
        complain(problem);
      }
    },
    togglePresenting() {
      this.presenting = !this.presenting;
      setPresenting(this.presenting);
    },
    toggleRail() {
      setRail(document.documentElement.dataset.rail === 'collapsed' ? 'open' : 'collapsed');
    },
    lock() {
      sessionStorage.removeItem(FRESHNESS_KEY);
      lockScreen();
    },
    async lockVault() {
      const sure = await confirm({ title: t('lock.title'), body: t('lock.body'), action: t('lock.action') });
      if (!sure) return;
      document.documentElement.dataset.away = 'true'; // hidden at once, and nothing is read any more
      try {
        await post('/vault/lock');
        sessionStorage.removeItem(FRESHNESS_KEY);
        location.assign('/unlock');
      } catch (problem) {
        document.documentElement.dataset.away = 'false';
        complain(problem);
      }
    },
    act(name) {
      ({ theme: () => this.toggleTheme(), present: () => this.togglePresenting(), lock: () => this.lock(), vault: () => this.lockVault(), help: () => this.showHelp() })[name]();
    },
    openPalette() { window.dispatchEvent(new CustomEvent('quantbox:palette', { detail: '' })); },
    showHelp() {
      this.helping = true;
      this.$refs.help.showModal();
    },
    closeHelp() {
      this.helping = false;
      this.$refs.help.close();
    },
    key(event) {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        this.openPalette();
        return;
      }
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (this.leading) {
        this.leading = false;
        const name = event.key.toLowerCase();
        if (PAGES[name] && (name !== 'a' || isOwner())) location.assign(PAGES[name]);
        return;
      }
      if (event.key === 'g') {
        this.leading = true;
        setTimeout(() => { this.leading = false; }, 1200);
      } else if (event.key === '?') {
        this.showHelp();
      } else if (event.key === '/') {
        event.preventDefault();
        this.openPalette();
      } else if (/^\d$/.test(event.key) && location.pathname.startsWith('/market')) {
        event.preventDefault();
        window.dispatchEvent(new CustomEvent('quantbox:palette', { detail: event.key }));
      }
    },
  };
}
