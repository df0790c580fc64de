// Files that the page hands to the reader.
import { fetchFile } from './api.js';

/** Let the browser save `blob` under `name`. */
export function saveBlob(name, blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

export const saveText = (name, text, type = 'text/plain;charset=utf-8') => saveBlob(name, new Blob([text], { type }));

/** Ask the program for a file by a state change and save it. */
export async function saveAnswer(path, body, otherwise) {
  const { blob, name } = await fetchFile('POST', path, body);
  saveBlob(name || otherwise, blob);
}
