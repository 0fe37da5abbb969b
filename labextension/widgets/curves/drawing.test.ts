import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration, show, tickLabels, whole } from './format';
import type { Line } from './lines';
import { dots, type Frame, trace } from './paint';
import { atLeast, extent, fences, padded, paddedLog } from './range';
import { Series } from './series';
import { RunData } from './store';
import { clockTicks, linearTicks, logTicks } from './ticks';

/** Stands for the browser's Path2D and keeps what was drawn. */
class Recorder {
  points: [number, number][] = [];
  moveTo(x: number, y: number) {
    this.points.push([x, y]);
  }
  lineTo(x: number, y: number) {
    this.points.push([x, y]);
  }
}
(globalThis as unknown as { Path2D: unknown }).Path2D = Recorder;

function line(values: number[]): Line {
  const series = new Series();
  values.forEach((value, i) => {
    series.push(i, value);
  });
  series.extremes.extend();
  const xs = Float64Array.from(values, (_, i) => i);
  return {
    metric: { name: 'loss', label: 'loss' },
    run: new RunData(),
    runIndex: 0,
    series,
    xs,
    color: 0,
    shape: 0,
  };
}

const frame = (from: number, to: number, width = 300): Frame => ({
  left: 0,
  top: 0,
  width,
  height: 100,
  x: { from, to },
  y: [0, 10],
  log: false,
  scale: 1,
});
const drawn = (f: Frame, l: Line) =>
  (trace(f, l, l.series.y, l.series.extremes).path as unknown as Recorder).points;

test('a spike of one step is drawn at its height at any zoom', () => {
  const values = Array.from({ length: 100_000 }, (_, i) => (i === 61_803 ? 10 : 1));
  const spiked = line(values);
  for (const [from, to] of [
    [0, 99_999],
    [50_000, 75_000],
    [61_000, 62_000],
    [61_800, 61_806],
  ]) {
    const points = drawn(frame(from, to), spiked);
    assert.equal(Math.min(...points.map(([, y]) => y)), 0, `seen between ${from} and ${to}`);
    assert.ok(points.length <= 3 * 300);
  }
});

test('a dense line costs the same however many points it has', () => {
  const wave = (n: number) => line(Array.from({ length: n }, (_, i) => 5 + 4 * Math.sin(i * 12.9898)));
  const small = drawn(frame(0, 9_999), wave(10_000)).length;
  const large = drawn(frame(0, 299_999), wave(300_000)).length;
  assert.ok(Math.abs(small - large) < 20, `${small} and ${large} points`);
});

test('few points are drawn as they are, with a neighbour beyond each edge', () => {
  const points = drawn(frame(2, 4), line([1, 2, 3, 4, 5, 6]));
  assert.deepEqual(points, [
    [-150, 80],
    [0, 70],
    [150, 60],
    [300, 50],
    [450, 40],
  ]);
});

test('a logarithmic axis leaves out what has no logarithm', () => {
  const points = drawn({ ...frame(0, 3), y: [1, 100], log: true }, line([1, 0, 10, 100]));
  assert.deepEqual(
    points.map(([, y]) => Math.round(y)),
    [100, 50, 0],
  );
});

test('the range is that of the visible points', () => {
  const one = line([100, 3, 2, 5, 1]);
  assert.deepEqual(extent([one], { from: 1, to: 3 }, false), { low: 2, high: 5, positive: 2 });
  assert.equal(extent([one], { from: 7, to: 9 }, false), null);
});

test('points on the edges of the plot are marked whole, those outside it not at all', () => {
  const arcs: number[][] = [];
  const context = { beginPath() {}, fill() {}, arc: (x: number, y: number) => arcs.push([x, y]) };
  const values = [0, 5, 11, Number.NaN, 10, -1, 5];
  dots(context as unknown as CanvasRenderingContext2D, frame(0, 5), line(values), '');
  assert.deepEqual(arcs, [
    [0, 100],
    [60, 50],
    [240, 0],
  ]);
});

test('capping keeps Tukey’s outer fences', () => {
  // Quartiles of 0..8 are 2 and 6: fences at -10 and 18, cut to the data.
  assert.deepEqual(fences([0, 1, 2, 3, 4, 5, 6, 7, 8], 0, 1000), [0, 18]);
  assert.deepEqual(fences([1, 1, 1, 1, 1, 1, 1, 50], 1, 50), [1, 50]); // no spread: nothing to go by
});

test('axes end at round values around the data', () => {
  assert.deepEqual(
    padded(0.21, 0.69).map(value => value.toFixed(3)),
    ['0.175', '0.725'],
  );
  assert.deepEqual(paddedLog(0.13, 40), [0.1, 50]);
  const [low, high] = padded(5, 5);
  assert.ok(low < 5 && high > 5);
});

test('what means nothing does not fill an axis', () => {
  assert.deepEqual(atLeast(19, 20, 0.1), [18.5, 20.5]); // 2 of 20
  assert.deepEqual(atLeast(10, 20, 0.1), [10, 20]);
  assert.deepEqual(atLeast(-20, -20, 0.1), [-21, -19]);
});

test('ticks are round, and on a step axis whole', () => {
  assert.deepEqual(linearTicks({ from: 0.17, to: 0.72 }, 6), [0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
  assert.deepEqual(linearTicks({ from: 1, to: 3 }, 8, true), [1, 2, 3]);
  assert.deepEqual(logTicks({ from: 0.001, to: 10 }, 5), [0.001, 0.01, 0.1, 1, 10]);
  assert.deepEqual(clockTicks({ from: 0, to: 3600 }, 6), [0, 600, 1200, 1800, 2400, 3000, 3600]);
});

test('numbers read well', () => {
  assert.deepEqual([0.412345678, -1.5, 4.1e-6, 0, 123456789, Number.NaN].map(show), [
    '0.412346',
    '−1.5',
    '4.1e-6',
    '0',
    '123457000',
    '–',
  ]);
  assert.deepEqual(tickLabels([0, 0.5, 1]), ['0', '0.5', '1.0']);
  assert.deepEqual(tickLabels([0, 20000, 40000]), ['0', '20k', '40k']);
  assert.deepEqual(tickLabels([1e-6, 2e-6]), ['1e-6', '2e-6']);
  assert.deepEqual(tickLabels([0.001, 0.1, 10]), ['0.001', '0.1', '10']);
  assert.deepEqual([5, 59.6, 750, 3751].map(duration), ['5 s', '1:00', '12:30', '1:02:31']);
  assert.equal(whole(1234567), '1\u2009234\u2009567');
});
