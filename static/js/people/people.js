// 设置 › 人员: who may use the store, in which role; the owner sets passwords anew and takes factors away.
import { get, post, put, remove } from '../core/api.js';
import { start } from '../core/app.js';
import { complain, confirm, toast } from '../core/feedback.js';
import { t } from '../core/i18n.js';
import { joined } from '../core/joined.js';
import { reading, trying } from '../core/trying.js';
import { newSecret } from '../security/strength.js';

function people() {
  return joined(trying, reading, newSecret, {
    people: [],
    name: '',
    role: 'viewer',
    chosen: null,

    async init() { await this.read(); },
    async read() {
      await this.reading(async () => {
        this.people = (await get('/people')).items;
      });
    },
    roleText(role) { return t(`role.${role}`); },
    note(person) {
      const factor = t(person.has_second_factor ? 'people.has_factor' : 'people.no_factor');
      return [t(`people.${person.role}_may`), factor].join(' · ');
    },
    openNew() {
      Object.assign(this, { name: '', role: 'viewer' });
      this.forgetFresh();
      this.openForm('add');
    },
    get canAdd() { return this.name.trim() !== '' && this.freshGood && !this.busy; },
    async add() {
      if (!this.canAdd) return;
      if (!(await this.trying(() => post('/people', { name: this.name.trim(), role: this.role, password: this.fresh })))) return;
      this.forgetFresh();
      this.closeForm('add');
      toast(t('people.added', { name: this.name.trim() }));
      await this.read();
    },
    openPassword(person) {
      this.chosen = person;
      this.forgetFresh();
      this.openForm('password');
    },
    get canSet() { return this.freshGood && !this.busy; },
    async setPassword() {
      if (!this.canSet) return;
      if (!(await this.trying(() => post(`/people/${this.chosen.id}/password`, { password: this.fresh })))) return;
      this.forgetFresh();
      this.closeForm('password');
      toast(t('security.password_done'));
    },
    changeRole(person, role) { return this.act(() => put(`/people/${person.id}`, { role }), t('settings.saved')); },
    switchOn(person) { return this.act(() => put(`/people/${person.id}`, { is_active: !person.is_active }), t('settings.saved')); },
    async resetFactors(person) {
      if (!(await confirm({ title: t('people.reset_title', { name: person.name }), body: t('people.reset_body'), action: t('people.reset'), danger: true }))) return;
      await this.act(() => post(`/people/${person.id}/reset-factors`), t('settings.saved'));
    },
    async drop(person) {
      if (!(await confirm({ title: t('people.drop_title', { name: person.name }), body: t('people.drop_body'), action: t('action.delete'), danger: true }))) return;
      await this.act(() => remove(`/people/${person.id}`), t('people.dropped', { name: person.name }));
    },
    async act(act, done) {
      try {
        await act();
        toast(done);
      } catch (problem) {
        complain(problem);
      }
      await this.read();
    },
  });
}

start({ people });
