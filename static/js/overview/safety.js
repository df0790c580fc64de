// What the owner still has to do for the data to stay private and come back: kit, second factor, backup, confirming a restore.
import { get } from '../core/api.js';
import { t } from '../core/i18n.js';
import { isOwner } from '../core/person.js';

const step = (key, icon, section, kind = 'warn') => ({ key, kind, icon, word: t(`section.settings_${section}`), title: t(`step.${key}`), note: t(`step.${key}_note`), url: `/settings/${section}`, act: t('step.look') });

const readOr = (path) => get(path).catch(() => null); // a page that cannot be read advises nothing

/** Return the steps that are open for whoever is signed in. */
export async function openSafetySteps() {
  const [factors, vault, backups] = await Promise.all([readOr('/me/factors'), isOwner() ? readOr('/vault') : null, isOwner() ? readOr('/backups') : null]);
  const steps = [];
  if (backups && backups.outbound_paused) steps.push(step('outbound', 'warn', 'backup'));
  if (vault && !(vault.recovery_kit && vault.recovery_kit.is_confirmed)) steps.push(step('kit', 'doc', 'vault'));
  if (factors && !factors.totp && !factors.passkeys.length) steps.push(step('factor', 'shield', 'security'));
  if (backups && backups.last && !backups.last.ok) steps.push(step('backup_failed', 'block', 'backup', 'stop'));
  else if (backups && !backups.items.length) steps.push(step('backup', 'folder', 'backup', 'accent'));
  return steps;
}
