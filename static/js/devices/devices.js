// 设置 › 设备与会话: which browsers and tablets are known, who is signed in where, and ending either.
import { get, put, remove } from '../core/api.js';
import { start } from '../core/app.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { ago, dateTime, place } from '../core/format.js';
import { knows, t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { reading, trying } from '../core/trying.js';

function devices() {
  return joined(trying, reading, {
    devices: [],
    sessions: [],
    edited: null,
    name: '',
    role: 'owner',

    async init() { await this.read(); },
    async read() {
      await this.reading(async () => {
        const [known, open] = await Promise.all([get('/devices'), get('/sessions')]);
        this.devices = known.items;
        this.sessions = open.items;
      });
    },
    nameOf(device) { return device.name || t('devices.unnamed'); },
    deviceNote(device) {
      return [t('devices.seen', { time: ago(device.last_seen_at) }), place(device.last_address), t('devices.first', { time: dateTime(device.first_seen_at) })].filter(Boolean).join(' · ');
    },
    sessionNote(one) {
      const by = knows(`by.${one.by}`) ? t(`by.${one.by}`) : one.by;
      return [t('devices.began', { time: dateTime(one.created_at), by }), place(one.address), t('devices.seen', { time: ago(one.last_seen_at) })].filter(Boolean).join(' · ');
    },
    roleText(role) { return t(`role.${role}`); },
    openEdit(device) {
      Object.assign(this, { edited: device, name: device.name || '', role: device.max_role || 'owner' });
      this.openForm('edit');
    },
    get canSave() { return this.name.trim() !== '' && !this.busy; },
    async save() {
      if (!this.canSave) return;
      if (!(await this.trying(() => put(`/devices/${this.edited.id}`, { name: this.name.trim(), max_role: this.role })))) return;
      this.closeForm('edit');
      toast(t('settings.saved'));
      await this.read();
    },
    async revoke(device) {
      const name = this.nameOf(device);
      if (!(await confirm({ title: t('devices.revoke_title', { name }), body: t('devices.revoke_body'), action: t('devices.revoke'), danger: true }))) return;
      await this.act(() => remove(`/devices/${device.id}`), t('devices.revoked', { name }));
    },
    async end(one) {
      await this.act(() => remove(`/sessions/${one.id}`), t('devices.ended'));
    },
    async act(act, done) {
      try {
        await act();
        toast(done);
        await this.read();
      } catch (problem) {
        complain(problem);
      }
    },
  });
}

start({ devices });
