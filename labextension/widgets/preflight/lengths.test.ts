import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Facts, Lengths, memoryAt, NONE_LEARNT } from './lengths';

const facts = (method: string, more: Partial<Facts> = {}): Facts => ({
  title: '',
  method,
  learns: '',
  rows: 0,
  measured: 0,
  exact: true,
  refused: 0,
  prompt_changed: 0,
  packing: false,
  response_length: 0,
  memory: [],
  ...more,
});
const lengths = (given: Facts, ...columns: number[][]) =>
  Lengths.from(
    [columns[0].map((_, i) => i * 10), ...columns].map(c => new DataView(new Int32Array(c).buffer)),
    given,
  );

test('answers: whole, cut, or dropped with a prompt that fills the limit', () => {
  const found = lengths(facts('sft'), [3, 10, 9, NONE_LEARNT], [8, 12, 30, 5]);
  assert.deepEqual(found.effect(10), { whole: 1, cut: 1, dropped: 2, tokens: 18, before: 55 });
});

test('pairs: both sides run through the model', () => {
  const found = lengths(facts('dpo'), [3, 10, 4, 4], [8, 14, 20, 9], [5, 4, 2, 0], [1, 3, 16, 5]);
  const effect = found.effect(10);
  assert.deepEqual([effect.whole, effect.cut, effect.dropped, effect.tokens], [1, 1, 2, 12 + 16]);
});

test('reward models and PPO drop what is too long, packing divides it', () => {
  assert.equal(lengths(facts('reward'), [3, 3], [9, 11], [6, 8], [2, 2]).effect(10).dropped, 1);
  assert.equal(lengths(facts('ppo', { response_length: 5 }), [0, 5, 6], [0, 5, 6]).effect(10).dropped, 2);
  const packed = lengths(facts('pretrain', { packing: true }), [0, 0], [4, 30]).effect(10);
  assert.deepEqual([packed.cut, packed.tokens], [0, 34]);
});

test('the limit that keeps a share of the rows whole', () => {
  const found = lengths(facts('sft'), [1, 1, 1, 1], [40, 10, 30, 20]);
  assert.deepEqual(
    [0.25, 0.5, 0.95, 1].map(part => found.limitFor(part)),
    [10, 20, 40, 40],
  );
});

test('the next row of a fate goes round', () => {
  const found = lengths(facts('sft'), [1, 1, 1], [5, 50, 60]);
  assert.deepEqual(
    [found.next(0, 'cut', 10), found.next(10, 'cut', 10), found.next(20, 'cut', 10)],
    [10, 20, 10],
  );
  assert.equal(found.next(0, 'dropped', 10), null);
});

test('memory lies on the line between known points', () => {
  const points: [number, number][] = [
    [100, 10],
    [200, 30],
  ];
  assert.deepEqual(
    [50, 100, 150, 200, 999].map(at => memoryAt(points, at)),
    [10, 10, 20, 30, 30],
  );
  assert.equal(memoryAt([], 5), null);
});
