// Files on their way in: dropped or picked, declared, followed, and what became of each.
import { get, post } from '../core/api.js';
import { complain, toast } from '../core/feedback.js';
import { isFinal } from '../core/events.js';
import { integer } from '../core/format.js';
import { hintOf, knows, language, pick, t } from '../core/i18n.js';

/** Read every file below a dropped entry; folders are walked. */
async function filesBelow(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => { entry.file(resolve, reject); })];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const batch = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!batch.length) return found;
    for (const child of batch) found.push(...(await filesBelow(child)));
  }
}

async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const lists = await Promise.all(entries.map(filesBelow));
  return lists.flat();
}

/** Return why a file was refused, with advice in words of the page where the program's name the command line. */
function refusalText({ refused, refused_code: code, refused_facts: facts }) {
  if (!knows(`refused.${code}`)) return refused;
  const names = ['adjust', 'owner', 'file'].filter((field) => facts[field]).map((field) => [`${field}_name`, t(`adjust.${facts[field]}`)]);
  return t(`refused.${code}`, { ...facts, ...Object.fromEntries(names), reason: facts[`reason_${language}`] });
}

export const importing = {
  over: false,
  declaredSymbol: '',
  declaredAdjust: '',
  importJob: null,
  importNames: [],
  outcome: null,
  uploading: false,

  dragOver() { this.over = true; },
  dragLeave() { this.over = false; },
  async dropFiles(event) {
    this.over = false;
    await this.send(await droppedFiles(event.dataTransfer));
  },
  async pickFiles(event) {
    const files = [...event.target.files];
    event.target.value = '';
    await this.send(files);
  },
  async send(files) {
    if (!files.length) return;
    const form = new FormData();
    for (const file of files) form.append('files', file, file.name);
    if (this.declaredSymbol.trim()) form.append('symbol', this.declaredSymbol.trim());
    if (this.declaredAdjust) form.append('adjust', this.declaredAdjust);
    this.outcome = null;
    this.importNames = files.map((file) => file.name);
    this.uploading = true;
    try {
      this.takeImport(await post('/data/imports', form));
    } catch (problem) {
      complain(problem);
    }
    this.uploading = false;
  },
  takeImport(job) {
    if (job.kind !== 'data_import' || (this.importJob && this.importJob.id !== job.id && isFinal(job.state))) return;
    const before = this.importJob;
    if (before && before.id === job.id && isFinal(before.state)) return;
    this.importJob = job;
    if (isFinal(job.state)) this.readOutcome(job);
  },
  async readOutcome(job) {
    const code = job.reason ? job.reason.code : '';
    if (job.state !== 'succeeded' && code !== 'market_data.files_refused') { // which says why of every file
      if (job.reason) toast(pick(job.reason.message), { kind: 'stop', hint: hintOf(job.reason) });
      return;
    }
    try {
      this.outcome = await get(`/data/imports/${job.id}`);
    } catch (problem) {
      complain(problem);
    }
  },
  async cancelImport() {
    try {
      this.importJob = await post(`/jobs/${this.importJob.id}/cancel`);
    } catch (problem) {
      complain(problem);
    }
  },
  get isImporting() { return this.uploading || (this.importJob !== null && !isFinal(this.importJob.state)); },
  get importTitle() { return t('import.files', { n: this.importNames.length || 1 }); },
  get files() {
    return this.outcome ? this.outcome.files.map((file, index) => ({
      ...file, key: index, name: file.path.split(/[\\/]/).pop(), good: !file.refused,
      formatText: file.format ? (knows(`origin.${file.format}`) ? t(`origin.${file.format}`) : file.format) : '–',
      summary: file.refused ? refusalText(file) : [(file.symbols || []).join(' '), t('fact.bars', { n: integer(file.rows) }), file.first ? `${file.first} – ${file.last}` : '', t(`adjust.${file.adjust}`)].filter(Boolean).join(' · '),
      rows_aside: (file.quarantined || []).map((row) => t('import.row', { line: row.line, column: row.column || '–', reason: pick(row.reason) })),
    })) : [];
  },
  get outcomeText() {
    const refused = this.files.filter((file) => !file.good).length;
    return t(refused ? 'import.done_refused' : 'import.done', { n: this.files.length - refused, refused });
  },
  dismissOutcome() { this.outcome = null; },
};
