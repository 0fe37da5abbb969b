import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visible } from './tokens';

test('what would not show is shown', () => {
  assert.equal(visible('a\n\tb\u0000\u007f'), 'a⏎\n⇥\tb␀␡');
  assert.equal(visible('\u202eevil\u200b'), '⟨U+202E⟩evil⟨U+200B⟩');
  assert.equal(visible('好🙂 é'), '好🙂 é');
});
