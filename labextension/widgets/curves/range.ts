import { inside, type Line } from './lines';
import type { Span } from './state';

const SAMPLE = 1024;

/** The y range of some lines over a stretch of x. `low` and `high` are null where no point is visible. */
export interface Extent {
  low: number;
  high: number;
  /** Smallest value above zero, for a logarithmic axis. */
  positive: number;
}

export function extent(lines: Line[], span: Span, cap: boolean): Extent | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let positive = Number.POSITIVE_INFINITY;
  const sample: number[] = [];
  for (const line of lines) {
    const [first, end] = inside(line, span);
    if (first >= end) continue;
    const { y, extremes } = line.series;
    extremes.extend();
    extremes.find(first, end);
    low = Math.min(low, y.data[extremes.low]);
    high = Math.max(high, y.data[extremes.high]);
    const stride = Math.max(1, Math.floor((end - first) / SAMPLE));
    if (low <= 0) {
      for (let i = first; i < end; i += stride)
        if (y.data[i] > 0 && y.data[i] < positive) positive = y.data[i];
    } else positive = Math.min(positive, low);
    if (cap) for (let i = first; i < end; i += stride) sample.push(y.data[i]);
  }
  if (low > high) return null;
  if (cap && sample.length > 7) [low, high] = fences(sample, low, high);
  return { low, high, positive };
}

/** Tukey's outer fences, Q1 - 3 IQR and Q3 + 3 IQR, within the range of the data. */
export function fences(sample: number[], low: number, high: number): [number, number] {
  const sorted = Float64Array.from(sample).sort();
  const quartile = (q: number) => sorted[Math.round(q * (sorted.length - 1))];
  const reach = 3 * (quartile(0.75) - quartile(0.25));
  if (!(reach > 0)) return [low, high];
  return [Math.max(low, quartile(0.25) - reach), Math.min(high, quartile(0.75) + reach)];
}

/** A range around the same middle that spans at least this share of its values. */
export function atLeast(low: number, high: number, share: number): [number, number] {
  const missing = share * Math.max(Math.abs(low), Math.abs(high)) - (high - low);
  return missing > 0 ? [low - missing / 2, high + missing / 2] : [low, high];
}

/** Room above and below, rounded outward to a step of the scale so that the axis rests while points come in. */
export function padded(low: number, high: number): [number, number] {
  const size = high - low || Math.abs(high) || 1;
  const step = 10 ** Math.floor(Math.log10(size)) / 4;
  const room = 0.04 * size;
  return [Math.floor((low - room) / step) * step, Math.ceil((high + room) / step) * step];
}

/** The same on a logarithmic axis: from 1, 2 or 5 times a power of ten to another, within one decade as above. */
export function paddedLog(low: number, high: number): [number, number] {
  if (high / low < 5) {
    const [from, to] = padded(low, high);
    return [from > 0 ? from : low / 2, to];
  }
  const round = (value: number, up: boolean) => {
    const power = 10 ** Math.floor(Math.log10(value));
    const steps = [0.5, 1, 2, 5, 10, 20].map(m => m * power);
    return up ? steps.find(s => s >= value * 1.02) : steps.reverse().find(s => s <= value / 1.02);
  };
  return [round(low, false) ?? low, round(high, true) ?? high];
}
