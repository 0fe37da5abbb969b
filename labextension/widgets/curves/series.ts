import { Floats, Indices } from './growing';
import { Pyramid } from './pyramid';

/** First index in `[from, to)` of an ascending array whose value is at least `x`; `to` when there is none. */
export function lowerBound(values: Float64Array, x: number, from: number, to: number): number {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (values[middle] < x) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The values of one metric of one run: only the rows that have it, so that train and evaluation rows mix freely. */
export class Series {
  /** Row of each value. */
  readonly at = new Indices();
  readonly y = new Floats();
  readonly extremes = new Pyramid(this.y);
  private smooth: Smoothed | null = null;

  get length(): number {
    return this.y.length;
  }

  push(row: number, value: number): void {
    this.at.push(row);
    this.y.push(value);
  }

  /** Forget the values of row `row` and later ones. */
  truncate(row: number): void {
    let length = this.length;
    while (length > 0 && this.at.data[length - 1] >= row) length--;
    if (length === this.length) return;
    this.at.length = length;
    this.y.length = length;
    this.extremes.truncate(length);
    this.smooth = null;
  }

  /** First point, from `from` on, whose x is at least `x`; `xs` holds the x of every row. */
  seek(xs: Float64Array, x: number, from = 0): number {
    const at = this.at.data;
    let step = 1;
    let low = from;
    let high = from;
    // Gallop: neighbouring pixel columns are near each other.
    while (high < this.length && xs[at[high]] < x) {
      low = high + 1;
      high += step;
      step *= 2;
    }
    high = Math.min(high, this.length);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (xs[at[middle]] < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The point nearest to `x`, or -1 in an empty series. */
  nearest(xs: Float64Array, x: number): number {
    if (!this.length) return -1;
    const right = Math.min(this.seek(xs, x), this.length - 1);
    const left = Math.max(0, right - 1);
    return x - xs[this.at.data[left]] < xs[this.at.data[right]] - x ? left : right;
  }

  /** The debiased exponential moving average with weight `beta`, kept up with new values at a constant cost. */
  smoothed(beta: number): Smoothed {
    if (this.smooth?.beta !== beta) this.smooth = new Smoothed(this.y, beta);
    this.smooth.extend();
    return this.smooth;
  }
}

/** s_t = beta s_(t-1) + (1 - beta) x_t, shown as s_t / (1 - beta^t): Adam's bias correction (arXiv 1412.6980). */
export class Smoothed {
  readonly y = new Floats();
  readonly extremes = new Pyramid(this.y);
  private sum = 0;
  private weight = 1;

  constructor(
    private readonly raw: Floats,
    readonly beta: number,
  ) {}

  extend(): void {
    const { data, length } = this.raw;
    this.y.reserve(length);
    for (let t = this.y.length; t < length; t++) {
      this.sum = this.beta * this.sum + (1 - this.beta) * data[t];
      this.weight *= this.beta;
      this.y.push(this.sum / (1 - this.weight));
    }
    this.extremes.extend();
  }
}
