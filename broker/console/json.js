// JSON as it was written: a number of 20 digits, or a name given twice, is shown and not rounded or dropped.
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

// The members of an object or the elements of an array: [name, JSON], of an element without a name.
function parts(json) {
  const found = [];
  let depth = 0;
  let name;
  let start = -1;
  for (const { 0: token, index } of json.matchAll(TOKENS)) {
    if (token === '}' || token === ']') depth--;
    if (depth === 0 || (depth === 1 && token === ',')) {
      if (start >= 0) found.push([name, json.slice(start, index).trim()]);
      start = -1;
      name = undefined;
    } else if (depth === 1 && token === ':') {
      name = JSON.parse(json.slice(start, index));
      start = -1;
    } else if (start < 0) {
      start = index;
    }
    if (token === '{' || token === '[') depth++;
  }
  return found;
}

function pretty(json) {
  let out = '';
  let depth = 0;
  let before = '';
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const [token] of json.matchAll(TOKENS)) {
    const opened = before === '{' || before === '[';
    if (token === '}' || token === ']') {
      depth--;
      if (!opened) out += line();
    } else if (opened || before === ',') {
      out += line();
    }
    out += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth++;
    before = token;
  }
  return out;
}
