// An instance's events live.
const REOPEN_MS = 1000;

function setFollowing(following) {
  view.following = following;
  view.stream++;
  $('follow').setAttribute('aria-pressed', String(following));
}

function stopFollowing() {
  setFollowing(false);
  view.source?.close();
  view.source = null;
  cancelAnimationFrame(view.frame);
  view.frame = 0;
  view.waiting = [];
  setLive('');
}

function setLive(text, kind = '') {
  $('live').className = kind;
  $('live').textContent = text;
}

// Rows are made once a frame, however many come; what would leave the page at once is not made.
function show(row) {
  view.waiting.push(row);
  if (view.waiting.length > EVENT_ROWS_MAX) view.waiting.shift();
  view.frame ||= requestAnimationFrame(() => {
    view.frame = 0;
    $('events').prepend(...view.waiting.splice(0).reverse().map((make) => make()));
    $('events-empty').hidden = true;
    if (shorten('lastElementChild')) $('more').hidden = true;
  });
}

// Takes what is too much from one end; whether it did.
function shorten(end) {
  const tooMany = $('events').childElementCount > EVENT_ROWS_MAX;
  while ($('events').childElementCount > EVENT_ROWS_MAX) $('events')[end].remove();
  return tooMany;
}

async function openStream(stream) {
  setLive('connecting …', 'warn');
  // EventSource can send no key: it has a token of this instance instead, which lives for minutes.
  let token = {};
  if (apiKey()) {
    const { access_token } = JSON.parse(await post('/v1/access_tokens', JSON.stringify({ instances: view.name })));
    token = { access_token };
  }
  if (stream !== view.stream) return;
  const source = new EventSource(`${instancePath(view.name)}/events?${query({ after: view.position, ...token })}`);
  let opened = false;
  view.source = source;
  const on = (event, listener) =>
    source.addEventListener(event, (message) => {
      if (message.lastEventId) view.position = message.lastEventId;
      listener(message);
    });
  on('start', () => {
    opened = true;
    setLive('catching up …', 'warn');
  });
  on('message', ({ data }) => show(() => eventRow(data)));
  on('caught_up', ({ data }) => {
    setLive('live', 'good');
    show(() => noteRow(`Caught up at ${JSON.parse(data).cursor}: what follows is live`));
  });
  on('gap', ({ data }) => show(() => gapRow(JSON.parse(data))));
  on('error', ({ data }) => {
    if (data) {
      const { error } = JSON.parse(data); // The broker's word: the stream has ended, and comes again if it may.
      showError(error.code, error.message);
      setLive('ended by the broker', 'bad');
    } else if (source.readyState === EventSource.CLOSED) {
      attempt(() => reopen(stream, opened));
    } else {
      setLive('connection lost, reconnecting …', 'bad');
    }
  });
}

// The browser got a refusal, which it does not show: asking for a page tells. If that is let in, the token was old.
async function reopen(stream, wasOpen) {
  try {
    await call(`${instancePath(view.name)}/events?${query({ after: view.position, limit: 1 })}`);
    if (!wasOpen) throw new Refusal('NO STREAM', 'The broker refused to stream what it lets this key fetch.');
    await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
    if (stream === view.stream) await openStream(stream);
  } catch (refusal) {
    if (stream !== view.stream) return;
    stopFollowing();
    throw refusal;
  }
}

async function follow() {
  setFollowing(true);
  const { stream } = view;
  try {
    $('after').value = '';
    await loadNewest();
    if (stream === view.stream) await openStream(stream);
  } catch (refusal) {
    if (stream === view.stream) stopFollowing();
    throw refusal;
  }
}
