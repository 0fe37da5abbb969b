import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bits, type Outgoing, Receiver, type RunPart } from './protocol';
import { Store } from './store';

const COLUMNS = ['step', 'epoch', 'time', 'loss', 'eval_loss'];

/** Rows as Python packs them: one column after the other, only those with a value. */
function part(start: number, rows: (number | null)[][], more: Partial<RunPart> = {}): [RunPart, DataView] {
  const present = COLUMNS.map((_, c) => c).filter(c => rows.some(row => row[c] != null));
  const values = present.flatMap(c => rows.map(row => row[c] ?? Number.NaN));
  const mask = present.reduce((sum, c) => sum + 2 ** c, 0).toString(16);
  return [{ run: 0, start, mask, ...more }, new DataView(Float64Array.from(values).buffer)];
}

function setup() {
  const store = new Store();
  const sent: Outgoing[] = [];
  const receiver = new Receiver(store, message => sent.push(message));
  const receive = ([one, buffer]: [RunPart, DataView]) =>
    receiver.receive({ type: 'rows', runs: [one] }, [buffer]);
  return { store, sent, receiver, receive };
}

const row = (step: number, loss: number | null, evaluated: number | null = null) => [
  step,
  step / 10,
  step,
  loss,
  evaluated,
];
const losses = (store: Store, name = 'loss') => {
  const series = store.runs[0].series.get(name);
  return series ? [...series.y.data.subarray(0, series.length)] : [];
};

test('a mask is read from its lowest bit', () => {
  assert.deepEqual(bits('0'), []);
  assert.deepEqual(bits('1f'), [0, 1, 2, 3, 4]);
  assert.deepEqual(bits('100000001'), [0, 32]);
});

test('a snapshot, then appends; training and evaluation apart', () => {
  const { store, sent, receive } = setup();
  receive(part(0, [row(1, 0.7), row(2, 0.6)], { columns: COLUMNS }));
  receive(part(2, [row(2, null, 0.65), row(3, 0.5)]));
  assert.deepEqual(losses(store), [0.7, 0.6, 0.5]);
  assert.deepEqual(losses(store, 'eval_loss'), [0.65]);
  assert.deepEqual([...store.runs[0].axes.step.data.subarray(0, 4)], [1, 2, 2, 3]);
  assert.deepEqual(sent, []);
});

test('what is held already is passed over', () => {
  const { store, sent, receive } = setup();
  receive(part(0, [row(1, 0.7), row(2, 0.6)], { columns: COLUMNS }));
  receive(part(0, [row(1, 0.7), row(2, 0.6), row(3, 0.5)]));
  receive(part(1, [row(2, 0.6)]));
  assert.deepEqual(losses(store), [0.7, 0.6, 0.5]);
  assert.equal(store.runs[0].held, 3);
  assert.deepEqual(sent, []);
});

test('missing rows are asked for once, and nothing is added before they come', () => {
  const { store, sent, receive } = setup();
  receive(part(0, [row(1, 0.7)], { columns: COLUMNS }));
  receive(part(3, [row(4, 0.4)]));
  receive(part(4, [row(5, 0.3)]));
  assert.deepEqual(sent, [{ type: 'ready', have: [1] }]);
  assert.deepEqual(losses(store), [0.7]);
  receive(part(1, [row(2, 0.6), row(3, 0.5), row(4, 0.4), row(5, 0.3)], { columns: COLUMNS }));
  assert.deepEqual(losses(store), [0.7, 0.6, 0.5, 0.4, 0.3]);
  receive(part(7, [row(8, 0.1)]));
  assert.deepEqual(sent.length, 2);
});

test('a column that nobody named yet is a reason to ask', () => {
  const { sent, receive } = setup();
  receive(part(0, [row(1, 0.7)], { columns: COLUMNS.slice(0, 4) }));
  receive(part(1, [row(1, null, 0.65)]));
  assert.deepEqual(sent, [{ type: 'ready', have: [1] }]);
});

test('a buffer need not be aligned', () => {
  const { store, receive } = setup();
  const [one, buffer] = part(0, [row(1, 0.7)], { columns: COLUMNS });
  const bytes = new Uint8Array(buffer.byteLength + 3);
  bytes.set(new Uint8Array(buffer.buffer), 3);
  receive([one, new DataView(bytes.buffer, 3)]);
  assert.deepEqual(losses(store), [0.7]);
});

test('steps that a resumed run repeats replace what stood there', () => {
  const { store, receive } = setup();
  receive(part(0, [row(1, 0.9), row(2, 0.8), row(3, 0.7), row(2, 0.5), row(3, 0.4)], { columns: COLUMNS }));
  assert.deepEqual(losses(store), [0.9, 0.5, 0.4]);
  receive(part(5, [row(3, 0.3)])); // the same step again: a second row of that step, not a step back
  assert.deepEqual(losses(store), [0.9, 0.5, 0.4, 0.3]);
  assert.equal(store.runs[0].held, 6);
});

test('numbers that are none are not drawn', () => {
  const { store, receive } = setup();
  receive(part(0, [row(1, 0.7), row(2, Number.POSITIVE_INFINITY), row(3, 0.5)], { columns: COLUMNS }));
  assert.deepEqual(losses(store), [0.7, 0.5]);
});

test('marks are added at their place, and a reset forgets', () => {
  const { store, receive } = setup();
  const mark = (step: number) => ({ kind: 'checkpoint', step, text: '' });
  receive(part(0, [row(1, 0.7)], { columns: COLUMNS, marks: [mark(1)], marks_from: 0 }));
  receive(part(1, [row(2, 0.6)], { marks: [mark(2), mark(3)], marks_from: 1 }));
  assert.deepEqual(
    store.runs[0].marks.map(m => m.step),
    [1, 2, 3],
  );
  receive(part(0, [row(1, 0.5)], { reset: true }));
  assert.deepEqual(losses(store), [0.5]);
});

test('whoever draws hears whether more than steps has come', () => {
  const { store, receive } = setup();
  const heard: boolean[] = [];
  store.onChange(rare => heard.push(rare));
  receive(part(0, [row(1, 0.7)], { columns: COLUMNS }));
  receive(part(1, [row(2, 0.6)], { info: { id: 'r', name: 'r', status: 'paused' } }));
  receive(part(2, [row(3, 0.5)], { marks: [], marks_from: 0 }));
  assert.deepEqual(heard, [false, true, true]);
});

test('a record stands until the kernel answers', () => {
  const { store, receiver, receive } = setup();
  receive(part(0, [row(1, 0.9), row(5, 0.8)], { columns: COLUMNS }));
  receiver.provisional = true;
  assert.deepEqual(receiver.have, []);
  receive(part(0, [row(1, 0.7)], { columns: COLUMNS }));
  assert.deepEqual(losses(store), [0.7]);
  assert.equal(receiver.provisional, false);
});
