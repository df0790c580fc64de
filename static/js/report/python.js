// Strategy source as numbered, coloured lines; built from text nodes, so nothing in it is ever markup.
const KEYWORDS = new Set('False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield self'.split(' '));
const TOKEN = /("""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)|(#[^\n]*)|(\b\d[\d_.eE]*\b)|([A-Za-z_]\w*)(?=(\s*\()?)|([^\S\n]+|\n|.)/g;

function* tokens(source) {
  for (const match of source.matchAll(TOKEN)) {
    const [text, string, comment, number, word, call] = match;
    const kind = string ? 'string' : comment ? 'comment' : number ? 'number' : word && KEYWORDS.has(word) ? 'keyword' : word && call ? 'call' : '';
    yield [kind, text];
  }
}

/** Fill `element` with `source`, one line each; `marked` is the line to point at. */
export function showPython(element, source, marked = 0) {
  const lines = [[]];
  for (const [kind, text] of tokens(source)) {
    text.split('\n').forEach((part, index) => {
      if (index) lines.push([]);
      if (part) lines[lines.length - 1].push([kind, part]);
    });
  }
  element.replaceChildren(...lines.map((parts, index) => {
    const line = document.createElement('div');
    line.className = index + 1 === marked ? 'code-line is-marked' : 'code-line';
    for (const [kind, text] of parts) {
      const span = document.createElement('span');
      if (kind) span.className = `code-${kind}`;
      span.textContent = text;
      line.append(span);
    }
    return line;
  }));
  const line = marked ? element.children[marked - 1] : null;
  if (line) element.scrollTop = line.offsetTop - element.clientHeight / 2;
}
