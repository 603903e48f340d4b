// Works on JSON as text, so that a number of 20 digits or a repeated name is shown as it is, and not rounded or
// dropped.
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

// The members of an object or the elements of an array: [name, JSON], with an undefined name for an element.
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
