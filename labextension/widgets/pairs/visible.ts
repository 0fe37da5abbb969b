import { make } from './dom';

/**
 * Characters that change how text looks without being seen: controls, direction marks and overrides, zero-width
 * characters, soft hyphen, line separators, tag characters, and U+FFFD. Joiners stay: scripts and emoji need them.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffd]|\udb40[\udc00-\udc7f]/;
const HIDDEN_ALL = new RegExp(HIDDEN.source, 'g');
const WITH_SPACES = new RegExp(
  `${HIDDEN.source}|[ \\t\\r\\n\\xa0\\u2000-\\u200a\\u200c\\u200d\\u202f\\u3000]`,
  'g',
);
const MOST_MARKS = 1000;

const NAMES: Record<number, string> = {
  173: 'soft hyphen',
  1564: 'Arabic letter mark',
  8203: 'zero width space',
  8204: 'zero width non-joiner',
  8205: 'zero width joiner',
  8206: 'left-to-right mark',
  8207: 'right-to-left mark',
  8232: 'line separator',
  8233: 'paragraph separator',
  8234: 'left-to-right embedding',
  8235: 'right-to-left embedding',
  8236: 'pop directional formatting',
  8237: 'left-to-right override',
  8238: 'right-to-left override',
  8294: 'left-to-right isolate',
  8295: 'right-to-left isolate',
  8296: 'first strong isolate',
  8297: 'pop directional isolate',
  65279: 'byte order mark',
  65533: 'replacement character: the text was damaged',
  160: 'no-break space',
  12288: 'ideographic space',
};

/** Append untrusted text so that all of it is seen; `spaces` marks blanks and line ends too, as long as `budget` lasts. */
export function appendText(parent: Node, text: string, spaces = false, budget = { marks: MOST_MARKS }): void {
  if (!spaces && !HIDDEN.test(text)) {
    parent.appendChild(document.createTextNode(text));
    return;
  }
  let from = 0;
  const flat = (part: string) => {
    if (part) parent.appendChild(document.createTextNode(part));
  };
  for (const found of text.matchAll(spaces ? WITH_SPACES : HIDDEN_ALL)) {
    if (budget.marks-- <= 0) break;
    flat(text.slice(from, found.index));
    parent.appendChild(shown(found[0]));
    from = found.index + found[0].length;
  }
  // Beyond so many marks the rest gets plain stand-ins: a cell of nothing but controls must not stop the page.
  flat(text.slice(from).replace(HIDDEN_ALL, '□'));
}

function shown(character: string): Node {
  const code = character.codePointAt(0)!;
  if (character === ' ') return make('span', { class: 'ftw-space' }, '·');
  if (character === '\n') return make('span', { class: 'ftw-space' }, '↵\n');
  if (character === '\t') return make('span', { class: 'ftw-space' }, '→\t');
  if (character === '\r') return make('span', { class: 'ftw-space' }, '␍');
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = NAMES[code] ?? (code < 160 ? 'control character' : 'invisible character');
  return make('span', { class: 'ftw-control', title: `${hex} ${name}` }, hex);
}
