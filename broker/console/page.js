// Handles input, and selects the visible part of the page.
const REFRESH_MS = 5000;

async function publish() {
  const data = $('publish-data').value;
  JSON.parse(data); // Throws if it is not JSON; the text itself is sent.
  const head = { type: $('publish-type').value, ...($('publish-id').value && { id: $('publish-id').value }) };
  const body = `${JSON.stringify(head).slice(0, -1)},"data":${data}}`;
  $('published').textContent = '';
  const answer = JSON.parse(await post(`${instancePath(view.name)}/events`, body));
  $('published').textContent = answer.duplicates.length
    ? `Was there before, at cursor ${answer.cursors[0]}: nothing stored.`
    : `Stored at cursor ${answer.cursors[0]} (${answer.durability === 'DISK' ? 'on disk' : 'not yet synced'}).`;
  await loadFacts();
  if (!view.following) await loadNewest();
}

function showKeyForm(shown) {
  $('key-form').hidden = !shown;
  $('key-button').setAttribute('aria-expanded', String(shown));
}

function route() {
  stopFollowing();
  view.run++;
  view.reading++;
  try {
    view.name = decodeURIComponent(location.hash.slice(1));
  } catch {
    view.name = ''; // Not a link of this page.
  }
  $('list').hidden = view.name !== '';
  $('instance').hidden = view.name === '';
  document.title = view.name ? `${view.name} – Playhead` : 'Playhead';
  if (!view.name) return attempt(loadOverview);
  $('name').textContent = view.name;
  $('after').value = $('published').textContent = '';
  $('facts').replaceChildren();
  $('events').replaceChildren();
  $('more').hidden = $('events-empty').hidden = true;
  const { reading } = view;
  return attempt(async () => {
    await loadFacts(); // Before events are read, which would create an instance that does not exist.
    if (reading === view.reading) await loadNewest();
  });
}

function onSubmit(id, task) {
  $(id).addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(task);
  });
}

function useKey(key) {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
  $('key').value = '';
  showKeyForm(false);
  return route();
}

onSubmit('key-form', () => useKey($('key').value.trim()));
onSubmit('publish-form', publish);
onSubmit('read-form', () => {
  stopFollowing();
  return loadPage(newer($('after').value || '0'), newer, true);
});
onSubmit('filter-form', () => {
  location.hash = encodeURIComponent($('filter').value);
});
$('filter').oninput = () => {
  list.filter = $('filter').value;
  turn(['']);
};
$('key-button').onclick = () => showKeyForm($('key-form').hidden);
$('key-forget').onclick = () => useKey('');
$('newest').onclick = () => {
  stopFollowing();
  $('after').value = '';
  attempt(loadNewest);
};
$('follow').onclick = () => (view.following ? stopFollowing() : attempt(follow));
window.addEventListener('hashchange', route);
setInterval(() => {
  if (!document.hidden && $('key-form').hidden) attempt(view.name ? loadFacts : loadOverview, true);
}, REFRESH_MS);
$('host').textContent = location.host;
route();
