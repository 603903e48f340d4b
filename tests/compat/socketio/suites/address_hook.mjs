// Loads the suites with SUITE_URL in the place of the address that is written in them, and with longer pauses: what is
// done 5 ms after a request may overtake it on a busy machine. The servers ping after 300 ms.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const written = 'const URL = "http://localhost:3000";';

export async function load(url, context, nextLoad) {
  const module = await nextLoad(url, context);
  if (!url.endsWith('/test-suite.js')) return module;
  const source = String(module.source);
  if (!source.includes(written)) throw new Error(`${url} has another address than expected`);
  const address = `const URL = ${JSON.stringify(process.env.SUITE_URL)};`;
  return { ...module, source: source.replace(written, address).replaceAll('sleep(5)', 'sleep(50)') };
}

if (isMainThread || !process.env.SUITE_HOOKED) {
  process.env.SUITE_HOOKED = '1';
  register(import.meta.url);
}
