// One instance and its events.
const EVENT_ROWS = 50; // Fetched at a time.
const EVENT_ROWS_MAX = 300; // Kept on the page; rows further away are removed.
const PEEK_CHARACTERS = 200;

// Numbers that grow, to detect answers that come too late: `run` with each instance that is opened, `reading` with each
// first page of events, `stream` with each start and stop of following.
const view = {
  name: '',
  run: 0,
  reading: 0,
  following: false,
  stream: 0,
  source: null,
  position: '0',
  waiting: [],
  frame: 0,
};

function factsOf(info) {
  const facts = {
    Events: count(info.event_count),
    'First cursor': info.first_cursor,
    'Head cursor': info.head_cursor,
    Size: bytes(info.appended_bytes),
    'Last activity': ago(info.last_appended_at),
    Created: ago(info.created_at),
  };
  return Object.entries(facts).map(([name, fact]) => element('div', {}, element('dt', {}, name), element('dd', {}, String(fact))));
}

async function loadFacts() {
  const { name, run } = view;
  const info = JSON.parse(await call(instancePath(name)));
  if (run === view.run) $('facts').replaceChildren(...factsOf(info));
}

// `json`: an event in the form of the API.
function eventRow(json) {
  const event = Object.fromEntries(parts(json));
  const text = (field) => (field in event ? JSON.parse(event[field]) : '');
  const data = event.data ?? event.data_base64 ?? 'null';
  const appended = text('appended_at');
  const summary = element(
    'summary',
    {},
    element('span', { className: 'cursor' }, event.cursor),
    element('time', { title: appended }, clock(new Date(appended))),
    element('span', { className: 'type', title: text('type') }, text('type')),
    element('span', { className: 'peek' }, data.slice(0, PEEK_CHARACTERS)),
  );
  const details = element('details', {}, summary);
  const open = () => {
    const meta = ['id', 'created_at', 'appended_at', 'attributes'].filter((field) => field in event);
    details.append(
      ...meta.map((field) => element('p', { className: 'meta' }, `${field}: ${field === 'attributes' ? event[field] : text(field)}`)),
      element('pre', {}, 'data' in event ? pretty(data) : data),
    );
  };
  details.addEventListener('toggle', open, { once: true });
  const row = element('li', {}, details);
  row.dataset.cursor = event.cursor;
  return row;
}

const noteRow = (text, kind = '') => element('li', { className: `note ${kind}` }, text);
const gapRow = (gap) =>
  noteRow(`Gap: ${count(gap.event_count)} events in (${gap.after_cursor}, ${gap.last_cursor}] can no longer be read (${gap.cause})`, 'gap');

// The parameters that all reads share; the page shows gaps, so it allows them.
function query(more) {
  const types = $('types').value.replaceAll(' ', '');
  return new URLSearchParams({ allow_gap: 'true', ...(types && { types }), ...more });
}

// Appends a page of events: newest first from `until` down, or from `after` up. `more` gives the start of the next
// page. A first page replaces the others, and discards those that are still to come.
async function loadPage(start, more, isFirst) {
  const reading = isFirst ? ++view.reading : view.reading;
  const path = `${instancePath(view.name)}/events?${query({ limit: EVENT_ROWS, ...start })}`;
  const page = Object.fromEntries(parts(await call(path)));
  if (reading !== view.reading) return;
  const rows = parts(page.events).map(([, json]) => eventRow(json));
  if (page.gap) rows[start.reverse ? 'push' : 'unshift'](gapRow(JSON.parse(page.gap)));
  if (isFirst) $('events').replaceChildren();
  $('events').append(...rows);
  if (!view.following) shorten('firstElementChild');
  $('events-empty').hidden = $('events').childElementCount > 0;
  $('more').hidden = page.end_reached === 'true' || $('events').childElementCount > EVENT_ROWS_MAX;
  $('more').textContent = start.reverse ? 'Older' : 'More';
  $('more').onclick = () => attempt(() => loadMore(more(page.next_cursor), more));
  if (isFirst) view.position = rows[0]?.dataset.cursor ?? page.head_cursor;
}

// One at a time: a second click would append the same page once more.
async function loadMore(start, more) {
  $('more').disabled = true;
  try {
    await loadPage(start, more, false);
  } finally {
    $('more').disabled = false;
  }
}

const older = (cursor) => ({ from: 'beginning', reverse: 'true', ...(cursor && { until: cursor }) });
const newer = (cursor) => ({ after: cursor });

const loadNewest = () => loadPage(older(), older, true);
