// The console: shows what the public API of this broker (/v1) says about its instances. These files form one script, in
// the order of BUILD.bazel.
//
// Events contain untrusted text. They reach the page only as text nodes (`element`), and the page's policy (console.cc)
// keeps the browser from treating text as anything else.
const $ = (id) => document.getElementById(id);

// `children` are nodes, or strings, which become text nodes.
function element(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// A table cell; on a narrow page, `label` is shown before it.
function cell(label, text, title = '') {
  const td = element('td', { title }, text);
  td.dataset.label = label;
  return td;
}

const count = (n) => n.toLocaleString('en');

function bytes(n) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; n >= 1024 && unit < units.length - 1; unit++) n /= 1024;
  return `${n >= 10 || unit === 0 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

function ago(time) {
  if (!time) return 'never';
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(time)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

// In this machine's time zone; without the date if it is today.
function clock(time) {
  const part = (n, digits = 2) => String(n).padStart(digits, '0');
  const hour = `${part(time.getHours())}:${part(time.getMinutes())}:${part(time.getSeconds())}`;
  if (time.toDateString() === new Date().toDateString()) return `${hour}.${part(time.getMilliseconds(), 3)}`;
  return `${part(time.getMonth() + 1)}-${part(time.getDate())} ${hour}`;
}
