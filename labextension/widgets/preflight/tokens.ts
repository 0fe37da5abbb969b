import { count, make } from './dom';

/** One sequence of a row, as Python sends it. Flags: 1 learnt, 2 special, 4 continues a character. */
export interface Part {
  name: string;
  length: number;
  prompt: number;
  texts: string[];
  ids: number[];
  flags: number[];
}

const NAMES: Record<string, string> = {
  row: 'What the model reads',
  chosen: 'Chosen',
  rejected: 'Rejected',
  prompt: 'Prompt',
};

/** Characters that would not show, or would turn the text around, as signs. */
export function visible(text: string): string {
  let shown = '';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === '\n') shown += '⏎\n';
    else if (char === '\t') shown += '⇥\t';
    else if (code < 32) shown += String.fromCharCode(0x2400 + code);
    else if (code === 127) shown += '␡';
    else if (INVISIBLE.test(char)) shown += `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
    else shown += char;
  }
  return shown;
}

// C1 controls, soft hyphen, zero-width and bidirectional marks, line separators, tags, byte order mark
const INVISIBLE =
  /[\u0080-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u;

/** The tokens of one sequence; each carries its number, id and what becomes of it. */
export function tokenList(part: Part, limit: number): HTMLElement {
  const box = make('section', 'ftw-part', '', { 'aria-label': NAMES[part.name] ?? part.name });
  const learnt = part.flags.reduce((sum, flag, i) => sum + (flag & 1 && i < limit ? 1 : 0), 0);
  const cut = Math.max(0, part.length - limit);
  const head = make('div', 'ftw-part-head');
  head.append(
    make('strong', '', NAMES[part.name] ?? part.name),
    make(
      'span',
      'ftw-quiet',
      `${count(part.length)} tokens, ${count(learnt)} learnt${cut ? `, ${count(cut)} cut off` : ''}`,
    ),
  );
  const text = make('div', 'ftw-tokens', '', { tabindex: '0', dir: 'auto' });
  part.texts.forEach((given, i) => {
    if (i === limit) text.append(make('span', 'ftw-scissors', `✂ max_length ${count(limit)}`));
    const flag = part.flags[i];
    if (flag & 4) return; // shown with the token that began the character
    let last = i;
    while (part.flags[last + 1] & 4) last++;
    text.append(token(part, i, last, given, flag, i >= limit));
  });
  if (part.texts.length < part.length) {
    const more = part.length - part.texts.length;
    text.append(make('span', 'ftw-more', `… ${count(more)} more tokens`));
  }
  box.append(head, text);
  return box;
}

function token(part: Part, i: number, last: number, given: string, flag: number, cut: boolean): HTMLElement {
  const learnt = Boolean(flag & 1) && !cut;
  const kinds = [learnt ? 'ftw-learnt' : '', flag & 2 ? 'ftw-special' : '', cut ? 'ftw-cut' : ''];
  const ids = part.ids.slice(i, last + 1).join(' ');
  const said = [
    `token ${i + 1}${last > i ? ` to ${last + 1}` : ''}`,
    `id ${ids}`,
    cut ? 'cut off' : learnt ? 'learnt' : 'read, not learnt',
    flag & 2 ? 'special' : '',
  ];
  const word = make('span', ['ftw-token', ...kinds].filter(Boolean).join(' '), visible(given), {
    title: said.filter(Boolean).join(' · '),
  });
  return word;
}
