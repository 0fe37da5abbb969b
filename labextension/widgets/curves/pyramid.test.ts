import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Floats } from './growing';
import { Pyramid } from './pyramid';

/** Small deterministic noise (mulberry32). */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function extremes(values: number[], from: number, to: number): [number, number] {
  const part = values.slice(from, to);
  return [Math.min(...part), Math.max(...part)];
}

test('every stretch has the extremes that looking at every value finds', () => {
  const random = noise(1);
  const values = new Floats();
  const pyramid = new Pyramid(values);
  const plain: number[] = [];
  for (let i = 0; i < 700; i++) {
    const value = Math.floor(random() * 50);
    plain.push(value);
    values.push(value);
    if (i % 37 === 0) pyramid.extend();
  }
  pyramid.extend();
  for (let trial = 0; trial < 3000; trial++) {
    const from = Math.floor(random() * 700);
    const to = from + 1 + Math.floor(random() * (700 - from));
    pyramid.find(from, to);
    assert.deepEqual([plain[pyramid.low], plain[pyramid.high]], extremes(plain, from, to));
    assert.ok(pyramid.low >= from && pyramid.low < to && pyramid.high >= from && pyramid.high < to);
  }
});

test('a spike of one step is found in a million', () => {
  const values = new Floats();
  const pyramid = new Pyramid(values);
  for (let i = 0; i < 1_000_000; i++) values.push(i === 654_321 ? 9 : 1);
  pyramid.extend();
  pyramid.find(0, 1_000_000);
  assert.equal(pyramid.high, 654_321);
});

test('after values were taken back, new ones count', () => {
  const values = new Floats();
  const pyramid = new Pyramid(values);
  for (let i = 0; i < 200; i++) values.push(i === 150 ? 99 : 0);
  pyramid.extend();
  values.length = 149;
  pyramid.truncate(149);
  for (let i = 149; i < 200; i++) values.push(i === 180 ? 7 : 0);
  pyramid.extend();
  pyramid.find(0, 200);
  assert.equal(pyramid.high, 180);
});

test('appending looks at each value a constant number of times', () => {
  // Blocks completed by n appends: n/8 + n/64 + ... < n/7; the levels hold nothing else.
  const values = new Floats();
  const pyramid = new Pyramid(values);
  for (let i = 0; i < 4096; i++) {
    values.push(i);
    pyramid.extend();
  }
  const kept = (pyramid as unknown as { lows: { length: number }[] }).lows.map(level => level.length);
  assert.deepEqual(kept, [512, 64, 8, 1]);
});
