// Random choices that a seed repeats.
import { randomInt } from 'node:crypto';

// The seed of this run: PLAYHEAD_TEST_SEED if that is set, else 1, or a new one in a soak. Tests print it.
export const runSeed = Number(process.env.PLAYHEAD_TEST_SEED ?? (process.env.PLAYHEAD_SOAK ? randomInt(2 ** 31) : 1));

export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  // A number of [0, 1): mulberry32.
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  // A whole number from `low` to `high`, both included.
  between(low, high) {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability) {
    return this.next() < probability;
  }

  pick(list) {
    return list[this.between(0, list.length - 1)];
  }
}
