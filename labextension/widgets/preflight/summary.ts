import { count, make, share } from './dom';
import { type Effect, type Facts, memoryAt } from './lengths';

/** What a limit does, in words and marks. */
export function summary(effect: Effect, facts: Facts, limit: number): HTMLElement {
  const box = make('div', 'ftw-effect', '', { role: 'status', 'aria-live': 'polite' });
  const all = effect.whole + effect.cut + effect.dropped;
  const words: [keyof Effect, string, string][] = [
    ['whole', facts.packing ? 'kept' : 'whole', 'Rows that fit'],
    ['cut', 'cut', 'Rows that lose their end and are trained on all the same'],
    ['dropped', 'dropped', dropping(facts)],
  ];
  for (const [kind, word, title] of words) {
    const item = make('span', 'ftw-count', '', { title });
    item.append(
      make('span', `ftw-swatch ftw-${kind}`),
      make('strong', '', count(effect[kind])),
      make('span', '', ` ${word} `),
      make('span', 'ftw-quiet', `(${share(effect[kind], all)})`),
    );
    box.append(item);
  }
  const scale = facts.exact || !facts.measured ? 1 : facts.rows / facts.measured;
  box.append(
    make('span', 'ftw-count', `${scale > 1 ? 'about ' : ''}${count(effect.tokens * scale)} tokens an epoch`, {
      title: `Without a limit: ${count(effect.before * scale)}`,
    }),
  );
  const memory = memoryAt(facts.memory, limit);
  if (memory !== null) {
    const title = 'Estimated peak memory with a batch of rows of this length';
    box.append(make('span', 'ftw-count', `about ${(memory / 1e9).toPrecision(2)} GB memory`, { title }));
  }
  return box;
}

function dropping(facts: Facts): string {
  if (facts.method === 'reward') return 'Pairs with an answer longer than the limit';
  if (facts.method === 'ppo')
    return `Prompts that leave no room for ${count(facts.response_length)} tokens of answer`;
  return 'Rows in which nothing learnt would be left: the prompt alone fills the limit, or there is no answer';
}

/** What was measured, and what to know about it. */
export function notes(facts: Facts): string[] {
  const found: string[] = [];
  if (facts.refused) found.push(`⚠ The chat template refuses ${count(facts.refused)} rows.`);
  if (facts.prompt_changed) {
    found.push(
      `⚠ In ${count(facts.prompt_changed)} rows the prompt is tokenised differently once the answer follows; ` +
        'its end is left out of training.',
    );
  }
  if (facts.packing) found.push('Rows are packed: long ones are divided, not cut.');
  return found;
}
