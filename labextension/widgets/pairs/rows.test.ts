import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kernel, type Rows } from './protocol';
import { RowCache } from './rows';

/** A kernel whose answers wait until they are given. */
function made() {
  const sent: { id: number; start: number }[] = [];
  const view = { version: 1 };
  const kernel = new Kernel(
    message => sent.push(message as never),
    () => {},
  );
  const cache = new RowCache(
    kernel,
    () => view.version,
    () => {},
    error => assert.fail(error),
  );
  const answer = async (version: number, ids: number[]) => {
    const { id, start } = sent.shift()!;
    const none = ids.map(() => 0);
    const rows = {
      start,
      version,
      position: ids,
      row_id: ids,
      text: ids.map(String),
      flags: none,
      state: none,
    };
    kernel.receive({
      type: 'answer',
      id,
      value: { ...rows, value: null, value_of: '' } as unknown as Rows,
    } as never);
    await new Promise(resolve => setImmediate(resolve));
  };
  return { sent, view, cache, answer };
}

test('rows that come late in a search are shown, and asked for again', async () => {
  const { sent, view, cache, answer } = made();
  assert.equal(cache.at(0), null);
  view.version = 3; // the search found more while the answer was on its way
  cache.refresh();
  await answer(2, [7]);
  assert.equal(cache.at(0)?.rowId, 7);
  assert.equal(cache.at(1), null);
  assert.equal(sent.length, 1);
  await answer(3, [7, 9]);
  assert.equal(cache.at(1)?.rowId, 9);
  assert.equal(sent.length, 0);
});

test('rows of a view that was left are not shown', async () => {
  const { sent, view, cache, answer } = made();
  cache.at(0);
  view.version = 2;
  cache.forget();
  cache.at(0);
  await answer(1, [7]);
  assert.equal(cache.at(0), null);
  assert.equal(sent.length, 1); // the one for the new view is still open, and not asked twice
  await answer(2, [9]);
  assert.equal(cache.at(0)?.rowId, 9);
});
