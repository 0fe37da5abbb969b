import { button, make, many } from './dom';
import type { More, Turn } from './protocol';
import { type Look, turnText } from './side';
import { appendText } from './visible';

const FOLDED_FROM = 3; // of a longer conversation only the last turn is open
const SUMMARY = 300; // characters of a system turn that its one line may take

/** What both answers reply to. Long turns are cut to some lines, earlier ones folded, until a person opens them; a
 * system turn, mostly the same in many rows, is one line. */
export function conversation(
  prompt: { turns: Turn[]; omitted: number },
  look: Look,
  open: Set<string>,
  more: (index: number, from: number, upTo: number) => Promise<More>,
): HTMLElement {
  const element = make('section', { class: 'ftw-conversation', 'aria-label': 'Prompt' });
  const { turns, omitted } = prompt;
  if (!turns.length) element.append(make('div', { class: 'ftw-quiet' }, '(no prompt)'));
  if (omitted)
    element.append(make('div', { class: 'ftw-quiet' }, `${many(omitted, 'earlier turn')} not shown.`));
  const onlySystem = turns.length === 2 && turns[0].role === 'system';
  const hidden = onlySystem || turns.length >= FOLDED_FROM ? turns.slice(0, -1) : [];
  if (hidden.length) {
    const summary = make('summary', {}, onlySystem ? 'system ' : many(hidden.length, 'earlier turn'));
    if (onlySystem) {
      const said = make('span', { class: 'ftw-first', dir: 'auto' });
      appendText(said, turns[0].text.slice(0, SUMMARY));
      summary.append(said);
    }
    const fold = make('details', { class: 'ftw-earlier' }, summary);
    fold.open = open.has('earlier');
    fold.addEventListener('toggle', () => (fold.open ? open.add('earlier') : open.delete('earlier')));
    fold.append(...hidden.map(turn => oneTurn(turn, look, open, more)));
    element.append(fold);
  }
  element.append(...turns.slice(hidden.length).map(turn => oneTurn(turn, look, open, more)));
  return element;
}

/** Under which a turn that was opened is known. */
export function turnKey(turn: Turn): string {
  return `turn-${turn.index}`;
}

function oneTurn(
  turn: Turn,
  look: Look,
  open: Set<string>,
  more: (index: number, from: number, upTo: number) => Promise<More>,
): HTMLElement {
  const role = make('span', { class: 'ftw-role', dir: 'auto' });
  appendText(role, turn.role || 'prompt');
  const text = turnText(turn, { look, side: 'prompt', more: (from, upTo) => more(turn.index, from, upTo) });
  const element = make('div', { class: 'ftw-turn' }, role, text);
  const key = turnKey(turn);
  const long = turn.text.length > 600 || turn.text.split('\n', 8).length > 7;
  if (long) {
    const folded = !open.has(key);
    text.classList.toggle('ftw-folded', folded);
    const fold = button(folded ? 'Show whole turn' : 'Fold turn', () => {
      const now = text.classList.toggle('ftw-folded');
      if (now) open.delete(key);
      else open.add(key);
      fold.textContent = now ? 'Show whole turn' : 'Fold turn';
    });
    fold.classList.add('ftw-link');
    element.append(fold);
  }
  return element;
}
