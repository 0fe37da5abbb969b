import type { Span } from './state';

const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

/** Round values inside a span, 1, 2 or 5 times a power of ten apart, about `count` of them at most. */
export function linearTicks({ from, to }: Span, count: number, whole = false): number[] {
  const rough = (to - from) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const gap = [1, 2, 5, 10].map(m => m * power).find(step => step >= rough * 0.999) ?? 10 * power;
  return multiples({ from, to }, whole ? Math.max(1, gap) : gap);
}

/** Ticks of a time axis in seconds: whole minutes and hours instead of hundreds of seconds. */
export function clockTicks(span: Span, count: number): number[] {
  const rough = (span.to - span.from) / Math.max(1, count);
  if (rough < 1) return linearTicks(span, count);
  const day = CLOCK[CLOCK.length - 1];
  return multiples(span, CLOCK.find(step => step >= rough) ?? day * Math.ceil(rough / day));
}

/** Powers of ten, with 2 and 5 times where there is room; within one decade the ticks of a linear axis. */
export function logTicks({ from, to }: Span, count: number): number[] {
  if (to / from < 10) return linearTicks({ from, to }, count);
  const low = Math.floor(Math.log10(from));
  const high = Math.ceil(Math.log10(to));
  const stride = Math.max(1, Math.ceil((high - low) / Math.max(1, count)));
  const times = high - low <= count / 2 ? [1, 2, 5] : [1];
  const found: number[] = [];
  for (let power = low; power <= high; power += stride) {
    for (const m of times) {
      // 10 ** -3 is not 0.001 to the last bit; a number read from text is.
      const value = Number(`${m}e${power}`);
      if (value >= from && value <= to) found.push(value);
    }
  }
  return found;
}

function multiples({ from, to }: Span, gap: number): number[] {
  const found: number[] = [];
  const decimals = Math.max(0, -Math.floor(Math.log10(gap) + 1e-9));
  for (let i = Math.ceil(from / gap - 1e-9); i * gap <= to + gap * 1e-9; i++) {
    found.push(decimals <= 20 ? Number((i * gap).toFixed(Math.min(20, decimals))) : i * gap);
  }
  return found;
}
