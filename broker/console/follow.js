// Follows an instance's events live.
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

// Rows are created once per frame, however many events arrive; rows that would leave the page at once are not created.
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

// Removes surplus rows from one end; returns whether there were any.
function shorten(end) {
  const tooMany = $('events').childElementCount > EVENT_ROWS_MAX;
  while ($('events').childElementCount > EVENT_ROWS_MAX) $('events')[end].remove();
  return tooMany;
}

async function openStream(stream) {
  setLive('connecting …', 'warn');
  // EventSource cannot send a key: use a token for this instance, which lives for minutes.
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
      const { error } = JSON.parse(data); // From the broker: the stream has ended, and reconnects if the error is retryable.
      showError(error.code, error.message);
      setLive('ended by the broker', 'bad');
    } else if (source.readyState === EventSource.CLOSED) {
      attempt(() => reopen(stream, opened));
    } else {
      setLive('connection lost, reconnecting …', 'bad');
    }
  });
}

// The browser does not show why it was refused, so fetch a page to find out. If that succeeds, the token had expired.
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
