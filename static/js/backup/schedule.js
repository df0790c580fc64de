// The schedule of backups: when, and how many of each are kept.
import { put } from '../core/api.js';
import { toast } from '../core/feedback.js';
import { dateTime } from '../core/format.js';
import { t } from '../core/i18n.js';

const KEPT = { keep_daily: [1, 60], keep_weekly: [0, 52], keep_monthly: [0, 120] };

/** For a component with `state`, `trying`, `act()` and `read()`. */
export const schedule = {
  plan: { is_on: true, time: '', keep_daily: '', keep_weekly: '', keep_monthly: '', include_downloads: true },

  takeSchedule(found) {
    this.plan = { ...found, time: String(found.time).slice(0, 5) };
    for (const name of Object.keys(KEPT)) this.plan[name] = String(found[name]);
  },
  get nextText() { return this.state && this.state.next_at ? t('backup.next', { time: dateTime(this.state.next_at) }) : t('backup.no_next'); },
  get scheduleFault() {
    if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(this.plan.time)) return t('backup.time_range');
    const bad = Object.entries(KEPT).find(([name, [low, high]]) => !/^\d+$/.test(this.plan[name]) || Number(this.plan[name]) < low || Number(this.plan[name]) > high);
    return bad ? t('backup.keep_range', { what: t(`backup.${bad[0]}`), low: bad[1][0], high: bad[1][1] }) : '';
  },
  async saveSchedule() {
    if (this.scheduleFault) return;
    if (await this.trying(() => put('/backups/schedule', this.scheduleBody()))) {
      toast(t('settings.saved'));
      await this.read();
    }
  },
  scheduleBody() {
    const counts = Object.fromEntries(Object.keys(KEPT).map((name) => [name, Number(this.plan[name])]));
    return { is_on: this.plan.is_on, time: this.plan.time, include_downloads: this.plan.include_downloads, ...counts };
  },
  /** Sent alone: what stands half typed in the fields is not saved along, and nothing shows as switched that was refused. */
  async switchSchedule() {
    await this.act(async () => {
      await put('/backups/schedule', { is_on: !this.plan.is_on });
      toast(t('settings.saved'));
    });
  },
};
