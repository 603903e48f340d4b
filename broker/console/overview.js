// All instances and consumers.
const LIST_ROWS = 50;

const list = { filter: '', pages: [''], run: 0 }; // `pages`: the tokens of the pages up to this one.

const figuresOf = (row) => [
  cell('events', count(row.event_count)),
  cell('first', String(row.first_cursor)),
  cell('head', String(row.head_cursor)),
  cell('size', bytes(row.appended_bytes)),
  cell('last', ago(row.last_appended_at), row.last_appended_at),
];

const damage = ({ code, message }) => element('td', { colSpan: 5, className: 'bad', title: message }, `cannot be read: ${code}`);

async function loadList() {
  const run = ++list.run;
  const query = new URLSearchParams({ prefix: list.filter, page_size: LIST_ROWS, page_token: list.pages.at(-1) });
  const page = JSON.parse(await call(`/v1/instances?${query}`));
  if (run !== list.run) return; // A newer request was made in the meantime.
  $('instances').replaceChildren(
    ...page.instances.map((row) =>
      element(
        'tr',
        {},
        element('td', {}, element('a', { href: `#${encodeURIComponent(row.name)}` }, row.name)),
        ...(row.unreadable ? [damage(row.unreadable)] : figuresOf(row)),
      ),
    ),
  );
  $('list-empty').hidden = page.instances.length > 0;
  $('list-empty').textContent = list.filter ? 'No name begins so. Enter opens it, to publish its first event.' : 'No instances yet: the first event published to a name makes one.';
  $('list-next').disabled = !page.next_page_token;
  $('list-next').onclick = () => turn([...list.pages, page.next_page_token]);
  $('list-back').disabled = list.pages.length === 1;
  $('list-back').onclick = () => turn(list.pages.slice(0, -1));
  $('list-next').parentNode.hidden = $('list-next').disabled && $('list-back').disabled;
}

function turn(pages) {
  list.pages = pages;
  return attempt(loadList);
}

const LAG = { EXACT: '', AT_MOST: 'up to ', AT_LEAST: 'at least ' };
const sourceOf = ({ instance, prefix }) => instance ?? `${prefix ?? ''}*`;

async function loadConsumers() {
  const page = JSON.parse(await call(`/v1/consumers?page_size=${LIST_ROWS}`));
  $('consumers').replaceChildren(
    ...page.consumers.map((row) =>
      element(
        'tr',
        {},
        element('td', {}, row.name),
        cell('reads', sourceOf(row.source)),
        cell('lag', LAG[row.lag.kind] + count(row.lag.event_count)),
        cell('unsettled', count(row.unsettled_count)),
        cell('parked', count(row.parked_count)),
        cell('state', row.pause ?? 'delivers'),
      ),
    ),
  );
  $('consumers-part').hidden = page.consumers.length === 0;
  $('consumers-more').hidden = !page.next_page_token;
}

async function loadOverview() {
  await loadList();
  await loadConsumers();
}
