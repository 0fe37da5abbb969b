import type { Part } from './diff';
import { button, count, make, number } from './dom';
import { markdown } from './markdown';
import type { More, Side, Turn } from './protocol';
import { appendText } from './visible';

export interface Look {
  differences: boolean;
  rendered: boolean;
  spaces: boolean;
}

const MOST_RENDERED = 100_000; // characters; longer texts stay plain
const WHOLE = 25_000; // characters that are laid out at once
const PIECE = 8_000;
const STEP = 200_000; // characters that one press of "show more" adds

export interface TurnOptions {
  look: Look;
  /** The text cut into what both sides have and what only this one has. */
  parts?: Part[] | null;
  /** Mark what both sides have instead: where that is the smaller part. */
  common?: boolean;
  side: Side;
  /** Fetch more of a cut text. */
  more: (from: number, upTo: number) => Promise<More>;
}

/** The text of one message, plain with marks or rendered, cut where it is long. */
export function turnText(turn: Turn, options: TurnOptions): HTMLElement {
  const body = make('div', { class: 'ftw-text', dir: 'auto' });
  let { text, sent } = turn;
  const draw = () => {
    body.replaceChildren();
    body.classList.toggle('ftw-plain', !options.look.rendered);
    if (options.look.rendered && text.length <= MOST_RENDERED) body.append(markdown(text));
    else if (options.parts && text === turn.text)
      marked(body, options.parts, options.common ? 'both' : options.side, options.look.spaces);
    else pieces(body, text, options.look.spaces);
    if (!text) body.append(make('span', { class: 'ftw-quiet' }, '(empty)'));
    const rest = turn.length - sent;
    if (rest <= 0) return;
    const more = async (upTo: number) => {
      const found = await options.more(sent, upTo);
      text += found.text;
      sent += found.sent;
      draw();
    };
    body.append(
      make(
        'div',
        { class: 'ftw-cut' },
        `${count(rest)} more characters. `,
        ...(rest > STEP ? [button(`Show ${count(STEP)} more`, () => void more(STEP))] : []),
        button('Show all', () => void more(rest), { title: `All ${count(turn.length)} characters` }),
      ),
    );
  };
  draw();
  return body;
}

/** A long text in pieces that the browser lays out when they come into sight, cut at line ends where there are any. */
function pieces(body: HTMLElement, text: string, spaces: boolean): void {
  if (text.length <= WHOLE) {
    appendText(body, text, spaces);
    return;
  }
  const budget = { marks: 5000 };
  for (let from = 0; from < text.length; ) {
    const line = text.lastIndexOf('\n', from + PIECE);
    let to = from + PIECE >= text.length ? text.length : line > from ? line + 1 : from + PIECE;
    if (/[\ud800-\udbff]/.test(text[to - 1] ?? '')) to++;
    const piece = make('div', { class: 'ftw-piece' });
    appendText(piece, text.slice(from, to).replace(/\n$/, ''), spaces, budget);
    body.append(piece);
    from = to;
  }
}

/** Marks carry a tint, and an underline of their own kind: on this side only, or on both. */
function marked(body: HTMLElement, parts: Part[], kind: Side | 'both', spaces: boolean): void {
  for (const part of parts) {
    if (!(kind === 'both' ? part.passage : part.changed)) {
      appendText(body, part.text, spaces);
      continue;
    }
    const mark = make('mark', { class: kind === 'both' ? 'ftw-both' : `ftw-only ftw-only-${kind}` });
    appendText(mark, part.text, spaces);
    body.append(mark);
  }
}

/** Tokens coloured by how much more the model likes them than the reference does. */
export function tokenText(
  tokens: [string, number | null][],
  spaces: boolean,
  read: (text: string) => void,
): HTMLElement {
  const body = make('div', { class: 'ftw-text ftw-plain ftw-tokens', dir: 'auto' });
  const largest = Math.max(0.5, ...tokens.map(([, ratio]) => Math.min(5, Math.abs(ratio ?? 0))));
  for (const [text, ratio] of tokens) {
    const strength = Math.min(1, Math.abs(ratio ?? 0) / largest);
    const sign = ratio === null || strength < 0.1 ? 'even' : ratio > 0 ? 'more' : 'less';
    const token = make('span', {
      class: `ftw-token ftw-token-${sign}`,
      title: `log-ratio ${number(ratio, true)}`,
    });
    token.style.setProperty('--ftw-strength', `${Math.round(70 * strength)}%`);
    appendText(token, text, spaces);
    token.addEventListener('pointerenter', () =>
      read(`“${text.trim() || text}” log-ratio ${number(ratio, true)}`),
    );
    body.append(token);
  }
  return body;
}
