// 设置 › 平板与局域网: whether the LAN may reach the program, under which certificate, and pairing a tablet.
import { get, post, put, remove } from '../core/api.js';
import { start } from '../core/app.js';
import { confirm, toast } from '../core/feedback.js';
import { pick, t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { reading, trying } from '../core/trying.js';

const ASK_MILLISECONDS = 1000;
const PORTS = [1024, 65535];

const pairing = {
  pair: null,
  pairState: '',
  words: [],
  device: null,
  deviceName: '',
  maxRole: 'trader',
  leftSeconds: 0,
  watcher: 0,

  get pairPicture() { return this.pair ? `data:image/svg+xml;utf8,${encodeURIComponent(this.pair.qr_svg)}` : ''; },
  get pairFingerprint() { return this.pair ? this.pair.fingerprint : ''; },
  get numberedWords() { return this.words.map((word, index) => ({ number: index + 1, word })); },
  get leftText() { return t('pairing.left', { seconds: this.leftSeconds }); },
  get deviceText() { return this.device ? t('pairing.asks', { name: this.device.name, address: this.device.address }) : ''; },
  get isEnded() { return this.pairState === 'expired' || this.pairState === 'refused'; },
  get endText() { return this.isEnded ? t(`pairing.${this.pairState}`) : ''; },
  openPairing() {
    Object.assign(this, { pair: null, pairState: '', words: [], device: null, deviceName: '' });
    this.openForm('pairing');
  },
  async beginPairing() {
    await this.trying(async () => {
      this.pair = await post('/pairing', { max_role: this.maxRole });
      Object.assign(this, { pairState: 'waiting', words: [], device: null });
      clearInterval(this.watcher);
      this.watcher = setInterval(() => this.watchPairing(), ASK_MILLISECONDS);
      this.watchPairing();
    });
  },
  async watchPairing() {
    const { pair } = this;
    this.leftSeconds = Math.max(0, Math.round((new Date(pair.expires_at).getTime() - Date.now()) / 1000));
    try {
      const { state, words, device } = await get(`/pairing/${pair.id}`);
      if (this.pair !== pair) return; // closed meanwhile, or another QR code is shown
      if (state === 'compare' && this.pairState !== 'compare') this.deviceName = device.name;
      Object.assign(this, { pairState: state, words: words || [], device });
      if (state !== 'waiting' && state !== 'compare') clearInterval(this.watcher);
    } catch (problem) {
      if (this.pair !== pair) return;
      this.fault = { message: problem.message, hint: problem.hint };
      clearInterval(this.watcher);
    }
  },
  get canAllow() { return this.pairState === 'compare' && this.deviceName.trim() !== '' && !this.busy; },
  async allow() {
    if (!this.canAllow) return;
    if (!(await this.trying(() => post(`/pairing/${this.pair.id}/confirm`, { name: this.deviceName.trim() })))) return;
    toast(t('pairing.done', { name: this.deviceName.trim() }));
    this.stopPairing();
  },
  async refusePairing() {
    if (this.pair && (this.pairState === 'waiting' || this.pairState === 'compare')) await this.trying(() => remove(`/pairing/${this.pair.id}`));
    this.stopPairing();
  },
  stopPairing() {
    clearInterval(this.watcher);
    Object.assign(this, { pair: null, pairState: '', words: [], device: null });
    this.closeForm('pairing');
  },
};

function lan() {
  return joined(trying, reading, pairing, {
    lan: null,
    port: '',

    async init() {
      await this.read();
      if (location.hash === '#pair' && this.isOn) this.openPairing();
    },
    async read() {
      await this.reading(async () => {
        this.take(await get('/lan'));
      });
    },
    take(lan_) {
      this.lan = lan_;
      this.port = String(lan_.port);
    },
    get isOn() { return this.lan !== null && this.lan.is_on; },
    get urls() { return this.lan ? this.lan.urls : []; },
    get fingerprint() { return this.lan ? this.lan.fingerprint || '' : ''; },
    dayOf(value) { return value ? String(value).slice(0, 10) : '–'; },
    get mdnsText() { return this.lan ? pick(this.lan.mdns.reason) : ''; },
    get problem() { return this.lan && this.lan.problem ? { message: this.lan.problem.message, hint: this.lan.problem.hint } : null; },
    get portFault() { return /^\d+$/.test(this.port.trim()) && Number(this.port) >= PORTS[0] && Number(this.port) <= PORTS[1] ? '' : t('lan.port_range'); },
    async switchLan() {
      const on = !this.isOn;
      if (on && !(await confirm({ title: t('lan.on_title'), body: t('lan.on_body'), action: t('lan.turn_on') }))) return;
      await this.put(on);
    },
    async put(on) {
      if (this.portFault) return;
      if (await this.trying(async () => this.take(await put('/lan', { is_on: on, port: Number(this.port) })))) toast(t('settings.saved'));
    },
    get isComputer() { return location.protocol === 'http:'; },
    async renewAuthority() {
      if (!(await confirm({ title: t('lan.renew_title'), body: t('lan.renew_body', { name: this.lan.name }), action: t('lan.renew_action'), danger: true }))) return;
      if (await this.trying(async () => this.take(await post('/lan/authority')))) toast(t('lan.renewed'));
    },
    async savePort() { if (this.lan && Number(this.port) !== this.lan.port) await this.put(this.isOn); },
  });
}

start({ lan });
