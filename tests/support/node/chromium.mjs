// A Chromium without a window, driven by its DevTools protocol over a pipe: what a test needs of it to use a page.
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { removeAtExit, runChild } from './children.mjs';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--remote-debugging-pipe'];

export class Chromium {
  #process;
  #forget;
  #last = 0;
  #waiting = new Map();
  #pages = new Map();
  #unread = '';

  static async start() {
    const browser = new Chromium();
    const folder = mkdtempSync(path.join(tmpdir(), 'playhead-chromium-'));
    browser.#forget = removeAtExit(folder);
    browser.#process = runChild('chromium', [...FLAGS, `--user-data-dir=${folder}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    browser.#process.stdio[4].setEncoding('utf8').on('data', (text) => browser.#read(text));
    return browser;
  }

  // Messages end with a zero byte.
  #read(text) {
    const messages = (this.#unread + text).split('\0');
    this.#unread = messages.pop();
    for (const { id, sessionId, method, params, result, error } of messages.map((message) => JSON.parse(message))) {
      if (id === undefined) {
        this.#pages.get(sessionId)?.take(method, params);
        continue;
      }
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error(error.message));
      else resolve(result);
    }
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.#last;
    this.#process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async newPage() {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page((method, params) => this.send(method, params, sessionId));
    this.#pages.set(sessionId, page);
    await page.prepare();
    return page;
  }

  async stop() {
    const exit = once(this.#process, 'exit');
    // It ends by itself, with the processes of its own that still write to its folder.
    this.send('Browser.close'); // The answer may not come any more.
    await exit;
    this.#forget();
  }
}

export class Page {
  #send;
  requests = []; // The URLs that it asked for.
  complaints = []; // What its policy kept from happening, and errors that nobody caught.

  constructor(send) {
    this.#send = send;
  }

  async prepare() {
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await this.#send(`${domain}.enable`);
  }

  take(method, params) {
    if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url);
    if (method === 'Runtime.exceptionThrown') this.complaints.push(params.exceptionDetails.exception?.description);
    if (method === 'Log.entryAdded' && params.entry.source === 'security') this.complaints.push(params.entry.text);
  }

  // Resolves when the page is there, with its scripts run.
  async open(url) {
    await this.#send('Page.navigate', { url });
    await this.until(`location.href === ${JSON.stringify(url)} && document.readyState === 'complete'`);
  }

  async resize(width, height, { dark = false } = {}) {
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 500 });
    await this.#send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
    });
  }

  async screenshot(file) {
    const { data } = await this.#send('Page.captureScreenshot');
    await writeFile(file, Buffer.from(data, 'base64'));
  }

  // The value of an expression in the page, awaited.
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  }

  // Waits until the expression is true; looks whenever the page draws, and anew when it was loaded anew meanwhile.
  async until(expression) {
    const wait = `(() => {
      const isTrue = () => (${expression});
      return new Promise((resolve) => {
        const look = () => (isTrue() ? resolve() : requestAnimationFrame(look));
        look();
      });
    })()`;
    for (;;) {
      try {
        return await this.evaluate(wait);
      } catch (error) {
        if (!/context was destroyed|navigated/.test(error.message)) throw error;
      }
    }
  }

  text(selector) {
    return this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`);
  }
  click(selector) {
    return this.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`);
  }
  async fill(selector, text) {
    await this.evaluate(`(() => { const field = document.querySelector(${JSON.stringify(selector)});
      field.value = ${JSON.stringify(text)}; field.dispatchEvent(new Event('input')); })()`);
  }
}
