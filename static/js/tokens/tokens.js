// 设置 › 访问令牌: what scripts use instead of a session; the token itself is seen once.
import { get, post, remove } from '../core/api.js';
import { start } from '../core/app.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { dateTime } from '../core/format.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { reading, trying } from '../core/trying.js';

function tokens() {
  return joined(trying, reading, {
    tokens: [],
    name: '',
    role: 'viewer',
    days: '7',
    made: null,

    async init() { await this.read(); },
    async read() {
      await this.reading(async () => {
        this.tokens = (await get('/tokens')).items;
      });
    },
    roleText(role) { return t(`role.${role}`); },
    note(token) {
      const used = token.last_used_at ? t('security.used_at', { time: dateTime(token.last_used_at) }) : t('security.never_used');
      return [t('tokens.until', { time: dateTime(token.expires_at) }), used].join(' · ');
    },
    openNew() {
      Object.assign(this, { name: '', role: 'viewer', days: '7', made: null });
      this.openForm('add');
    },
    get daysFault() { return /^[1-7]$/.test(this.days.trim()) ? '' : t('tokens.days_range'); },
    get canAdd() { return this.name.trim() !== '' && !this.daysFault && !this.busy; },
    async add() {
      if (!this.canAdd) return;
      await this.trying(async () => { this.made = await post('/tokens', { name: this.name.trim(), role: this.role, days: Number(this.days) }); });
      await this.read();
    },
    async copy(text) {
      try {
        await navigator.clipboard.writeText(text);
        toast(t('tokens.copied'));
      } catch {
        toast(t('tokens.not_copied'), { kind: 'warn' }); // a browser may keep its clipboard to itself
      }
    },
    closeNew() {
      this.made = null;
      this.closeForm('add');
    },
    async drop(token) {
      if (!(await confirm({ title: t('tokens.drop_title', { name: token.name }), body: t('tokens.drop_body'), action: t('tokens.drop'), danger: true }))) return;
      try {
        await remove(`/tokens/${token.id}`);
        await this.read();
      } catch (problem) {
        complain(problem);
      }
    },
  });
}

start({ tokens });
