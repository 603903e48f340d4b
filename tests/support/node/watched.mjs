// What tests wait for: something that tells when it has changed.
export class Watched {
  #waiting = new Set();

  // To be called when something has changed.
  tell() {
    for (const look of this.#waiting) look();
  }

  // Resolves when `condition()` is true, which is asked now and whenever something has changed. Rejects when that takes
  // longer than `ms`, naming `what()`.
  until(condition, what, ms = 120_000) {
    return new Promise((resolve, reject) => {
      const end = (settle, value) => {
        clearTimeout(late);
        this.#waiting.delete(look);
        settle(value);
      };
      const look = () => condition() && end(resolve);
      const late = setTimeout(() => end(reject, new Error(`not within ${ms} ms: ${what()}`)), ms);
      this.#waiting.add(look);
      look();
    });
  }
}
