import { type Floats, Indices } from './growing';

/** Values in a block, blocks in a larger one. */
export const FAN = 8;

/**
 * Where the smallest and the largest value of any stretch of a growing array stand.
 *
 * Level k keeps, for every full block of 8^(k+1) values, the index of its minimum and of its maximum. Appending
 * costs a constant number of comparisons per value, and a stretch of any length is answered in O(log n): so each
 * pixel column of a chart can show the true extremes of the thousands of steps behind it, at any zoom, and a
 * spike of one step is never lost.
 */
export class Pyramid {
  /** Index of the minimum and the maximum that `find` found. */
  low = 0;
  high = 0;
  private readonly lows: Indices[] = [];
  private readonly highs: Indices[] = [];

  constructor(private readonly values: Floats) {}

  /** Take in the values appended since the last call. */
  extend(): void {
    const y = this.values.data;
    let below = this.values.length;
    for (let level = 0; below >= FAN; level++) {
      if (level === this.lows.length) {
        this.lows.push(new Indices());
        this.highs.push(new Indices());
      }
      const lows = this.lows[level];
      const highs = this.highs[level];
      const blocks = Math.floor(below / FAN);
      for (let block = lows.length; block < blocks; block++) {
        let low = level ? this.lows[level - 1].data[block * FAN] : block * FAN;
        let high = level ? this.highs[level - 1].data[block * FAN] : block * FAN;
        for (let i = block * FAN + 1; i < (block + 1) * FAN; i++) {
          const l = level ? this.lows[level - 1].data[i] : i;
          const h = level ? this.highs[level - 1].data[i] : i;
          if (y[l] < y[low]) low = l;
          if (y[h] > y[high]) high = h;
        }
        lows.push(low);
        highs.push(high);
      }
      below = blocks;
    }
  }

  /** Forget everything from index `length` on. */
  truncate(length: number): void {
    let blocks = length;
    for (let level = 0; level < this.lows.length; level++) {
      blocks = Math.floor(blocks / FAN);
      this.lows[level].length = Math.min(this.lows[level].length, blocks);
      this.highs[level].length = Math.min(this.highs[level].length, blocks);
    }
  }

  /** Set `low` and `high` for the values from index `from` up to, not including, `to` (`from < to`). */
  find(from: number, to: number): void {
    const y = this.values.data;
    let low = from;
    let high = from;
    const levels = this.lows.length;
    for (let level = 0; from < to; level++) {
      const lows = level ? this.lows[level - 1].data : null;
      const highs = level ? this.highs[level - 1].data : null;
      const last = level === levels;
      while (from < to && (last || from % FAN)) {
        const l = lows ? lows[from] : from;
        const h = highs ? highs[from] : from;
        if (y[l] < y[low]) low = l;
        if (y[h] > y[high]) high = h;
        from++;
      }
      while (from < to && to % FAN) {
        to--;
        const l = lows ? lows[to] : to;
        const h = highs ? highs[to] : to;
        if (y[l] < y[low]) low = l;
        if (y[h] > y[high]) high = h;
      }
      from /= FAN;
      to /= FAN;
    }
    this.low = low;
    this.high = high;
  }
}
