import assert from 'node:assert/strict';
import { test } from 'node:test';
import { difference, type Part } from './diff';

const passages = (parts: Part[]) => parts.filter(part => part.passage).map(part => part.text.trim());
const text = (parts: Part[]) => parts.map(part => part.text).join('');

test('both sides point out the same passages', () => {
  // "house", "woman", "life" stand apart on the left and together on the right: no passage on either side.
  const [left, right] = ['old house new woman far life', 'house woman life'];
  const apart = difference(left, right);
  assert.deepEqual([passages(apart.left), passages(apart.right)], [[], []]);
  assert.deepEqual([text(apart.left), text(apart.right)], [left, right]);

  const together = difference('one the quick brown fox two', 'three the quick brown fox');
  assert.deepEqual(passages(together.left), ['the quick brown fox']);
  assert.deepEqual(passages(together.right), ['the quick brown fox']);
});
