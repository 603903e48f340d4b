// Requests to the API, and the display of refusals.
const KEY = 'playhead-key'; // In sessionStorage.

const apiKey = () => sessionStorage.getItem(KEY) ?? '';

class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

// Returns the text of an answer; throws a Refusal for an error.
async function call(path, options = {}) {
  const headers = { ...options.headers };
  if (apiKey()) headers.authorization = `Bearer ${apiKey()}`;
  let response, text;
  try {
    response = await fetch(path, { ...options, headers });
    text = await response.text();
  } catch {
    throw new Refusal('NO ANSWER', 'The broker cannot be reached.');
  }
  $('state').textContent = apiKey() ? 'with a key' : response.status === 401 ? 'key needed' : 'runs open';
  if (response.ok) return text;
  if (response.status === 401) showKeyForm(true);
  let error;
  try {
    ({ error } = JSON.parse(text));
  } catch {
    error = { code: `HTTP ${response.status}`, message: response.statusText };
  }
  throw new Refusal(error.code, error.message + (error.retryable ? ' (may be tried again)' : ''));
}

const post = (path, body) => call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
const instancePath = (name) => `/v1/instances/${encodeURIComponent(name)}`;

// Runs a task of the user, or with `byItself` one of the page, and shows its error. A success of the page's own task
// does not hide an error of the user's task.
async function attempt(task, byItself = false) {
  try {
    await task();
    if (!byItself || $('error').dataset.byItself) $('error').hidden = true;
  } catch (error) {
    showError(error.code ?? error.name, error.message, byItself);
  }
}

function showError(code, message, byItself = false) {
  $('error').replaceChildren(element('b', {}, code), message);
  $('error').dataset.byItself = byItself ? 'yes' : '';
  $('error').hidden = false;
}
