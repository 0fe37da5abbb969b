import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerBound, Series } from './series';

function series(values: number[], rows = values.map((_, i) => i)): Series {
  const made = new Series();
  values.forEach((value, i) => {
    made.push(rows[i], value);
  });
  return made;
}

test('the moving average is debiased: the first value is the first point, a constant stays', () => {
  const made = series([2, 4, 8]).smoothed(0.5);
  // s = 1, 2.5, 5.25; 1 - 0.5^t = 0.5, 0.75, 0.875
  assert.deepEqual([...made.y.data.subarray(0, 3)], [2, 2.5 / 0.75, 6]);
  assert.deepEqual([...series([3, 3, 3, 3]).smoothed(0.5).y.data.subarray(0, 4)], [3, 3, 3, 3]);
});

test('smoothing goes on where it stood', () => {
  const grown = series([1, 5]);
  const average = grown.smoothed(0.9);
  grown.push(2, 3);
  assert.equal(grown.smoothed(0.9), average);
  assert.deepEqual(
    [...average.y.data.subarray(0, 3)],
    [...series([1, 5, 3]).smoothed(0.9).y.data.subarray(0, 3)],
  );
});

test('seek finds the first point at or after x, from anywhere', () => {
  const xs = Float64Array.from({ length: 50 }, (_, i) => 3 * i);
  const sparse = series([1, 2, 3, 4, 5], [0, 10, 20, 30, 40]); // x = 0, 30, 60, 90, 120
  assert.equal(sparse.seek(xs, -1), 0);
  assert.equal(sparse.seek(xs, 30), 1);
  assert.equal(sparse.seek(xs, 31), 2);
  assert.equal(sparse.seek(xs, 31, 2), 2);
  assert.equal(sparse.seek(xs, 121), 5);
});

test('nearest takes the closer neighbour and stays within', () => {
  const xs = Float64Array.from([0, 10, 20]);
  const made = series([5, 6, 7]);
  assert.deepEqual(
    [-5, 4, 6, 14, 99].map(x => made.nearest(xs, x)),
    [0, 0, 1, 1, 2],
  );
  assert.equal(new Series().nearest(xs, 1), -1);
});

test('truncate forgets rows, and the average with them', () => {
  const made = series([1, 2, 3, 4], [0, 2, 4, 6]);
  made.smoothed(0.5);
  made.truncate(4);
  assert.equal(made.length, 2);
  assert.equal(made.smoothed(0.5).y.length, 2);
});

test('lowerBound', () => {
  const values = Float64Array.from([1, 3, 3, 7]);
  assert.deepEqual(
    [0, 3, 4, 8].map(x => lowerBound(values, x, 0, 4)),
    [0, 1, 3, 4],
  );
});
