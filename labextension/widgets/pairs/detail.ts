import { conversation, turnKey } from './conversation';
import { type Difference, difference } from './diff';
import { button, count, make, mark, number } from './dom';
import { facts } from './facts';
import { ANSWERS, type More, type Pair, type Side } from './protocol';
import { type Look, tokenText, turnText } from './side';
import type { Store, Topic } from './store';

const LITTLE = 0.2; // where sides share less, what they share is marked: differences would be all of it
const MOST_COMPARED = 40_000; // characters of both sides

/** The pair itself: conversation, both answers side by side, numbers. */
export class Detail {
  readonly element: HTMLElement;
  readonly look: Look = { differences: true, rendered: false, spaces: false };
  private readonly head = make('div', { class: 'ftw-detail-head' });
  private readonly scroller = make('div', {
    class: 'ftw-scroller',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Pair',
  });
  private readonly open = new Set<string>();
  private shown = -1;
  private eyes = false;
  private anyway = false;
  private original = false;
  private readonly leave: () => void;

  constructor(private readonly store: Store) {
    this.element = make('div', { class: 'ftw-detail' }, this.head, this.scroller);
    this.leave = store.on(topic => this.changed(topic));
  }

  dispose(): void {
    this.leave();
  }

  toggle(what: keyof Look): void {
    this.look[what] = !this.look[what];
    this.draw();
  }

  /** Open all of the prompt, or fold it. */
  togglePrompt(): void {
    const folded = this.scroller.querySelector('.ftw-folded, .ftw-earlier:not([open])');
    this.open.clear();
    if (folded) {
      this.open.add('earlier');
      for (const turn of this.store.pair?.sides.prompt.turns ?? []) this.open.add(turnKey(turn));
    }
    this.draw();
  }

  /** Scroll most of a page down (1) or up (-1). */
  readOn(direction: 1 | -1): void {
    this.scroller.scrollBy({ top: direction * 0.8 * this.scroller.clientHeight });
  }

  private changed(topic: Topic): void {
    if (topic === 'ready' || topic === 'pair' || topic === 'can') this.draw();
    if (topic === 'view') this.drawHead();
  }

  private draw(): void {
    const { pair } = this.store;
    this.drawHead();
    if (!pair) {
      const said =
        this.store.ready?.total === 0
          ? 'There are no pairs in this dataset.'
          : this.store.ready
            ? 'No pair is selected.'
            : this.store.lonely
              ? 'The kernel does not answer. Run the cell again.'
              : 'Waiting for the kernel…';
      this.scroller.replaceChildren(make('div', { class: 'ftw-empty' }, said));
      return;
    }
    if (pair.position !== this.shown) {
      this.shown = pair.position;
      this.open.clear();
      this.anyway = this.original = false;
      this.scroller.scrollTop = 0;
      if (this.eyes && this.store.can.tokens) this.store.look_at_tokens();
    }
    const more = (side: Side) => (index: number, start: number, count: number) =>
      this.store.kernel.ask<More>('text', { position: pair.position, side, index, start, count });
    const differs = this.differences(pair);
    this.scroller.replaceChildren(
      conversation(pair.sides.prompt, this.look, this.open, more('prompt')),
      ...this.remarks(pair, differs),
      make('div', { class: 'ftw-sides' }, ...ANSWERS.map(side => this.side(pair, side, differs, more(side)))),
      facts(pair, this.store.view?.steps ?? null),
    );
  }

  private drawHead(): void {
    const { pair, view, index, checks, can } = this.store;
    if (!pair || !view) {
      this.head.replaceChildren();
      return;
    }
    const move = (by: number, sign: string, title: string) =>
      button(sign, () => this.store.select(index + by), {
        title,
        disabled: index + by < 0 || index + by >= view.count,
      });
    const flags = pair.flags.map(id => {
      const check = checks.get(id);
      return make(
        'span',
        { class: `ftw-badge ftw-${check?.severity}`, title: check?.meaning },
        mark('⚑', 'lint: '),
        check?.title ?? id,
      );
    });
    const shared = pair.shared !== null && pair.shared > 1;
    const same = button(
      `${count(pair.shared ?? 0)} pairs share this prompt`,
      () => this.store.look({ same_prompt: pair.position, checks: [] }),
      { title: 'Show them', class: 'ftw-link' },
    );
    const toggle = (what: keyof Look, label: string, title: string) =>
      button(label, () => this.toggle(what), { class: 'ftw-toggle', title, pressed: this.look[what] });
    const model = button('Model eyes', () => this.toggleEyes(), {
      class: 'ftw-toggle',
      title: 'Colour each token by log-ratio against the reference',
      pressed: this.eyes,
    });
    this.head.replaceChildren(
      make(
        'span',
        { class: 'ftw-field' },
        move(-1, '‹', 'Previous pair (↑)'),
        move(1, '›', 'Next pair (↓ or J)'),
      ),
      make('b', {}, `#${pair.row_id}`),
      make(
        'span',
        { class: 'ftw-quiet' },
        index >= 0
          ? `${count(index + 1)} of ${count(view.count)}`
          : view.partial
            ? 'not found yet'
            : 'not in this list',
      ),
      ...flags,
      ...(shared && view.query.same_prompt === null ? [same] : []),
      make(
        'span',
        { class: 'ftw-field ftw-looks', role: 'group', 'aria-label': 'How texts are shown' },
        toggle('differences', 'Differences', 'Mark the words that only one side has (X)'),
        toggle('rendered', 'Markdown', 'Show Markdown and code as a reader would see them (M)'),
        toggle('spaces', 'Whitespace', 'Make blanks and line ends visible (W)'),
        ...(can.tokens ? [model] : []),
      ),
    );
  }

  private toggleEyes(): void {
    this.eyes = !this.eyes;
    if (this.eyes && !this.store.ratios) this.store.look_at_tokens();
    this.draw();
  }

  /** Text of a side as it stands now, with the reviewer's edit. */
  private current(pair: Pair, side: Side): { text: string; edited: boolean } {
    const edit = this.original ? undefined : pair.decision?.edit[side];
    const turns = pair.sides[side].turns;
    return edit === undefined
      ? { text: turns[turns.length - 1]?.text ?? '', edited: false }
      : { text: edit, edited: true };
  }

  private differences(pair: Pair): Difference | null {
    if (!this.look.differences || this.look.rendered || this.eyes) return null;
    const [chosen, rejected] = ANSWERS.map(side => this.current(pair, side).text);
    return chosen.length + rejected.length > MOST_COMPARED ? null : difference(chosen, rejected);
  }

  /** What a person must know about the marks, and what others said. */
  private remarks(pair: Pair, differs: Difference | null): Node[] {
    const remarks: Node[] = [];
    if (differs && differs.shared < LITTLE) {
      const other = button(this.anyway ? 'Mark what is common' : 'Mark what differs', () => {
        this.anyway = !this.anyway;
        this.draw();
      });
      other.classList.add('ftw-link');
      const percent = Math.round(100 * differs.shared);
      const passages = differs.left.some(part => part.passage)
        ? ': what is longer than a word or two is marked. '
        : ', in no passage longer than a word or two. ';
      const said = percent
        ? `The sides share ${percent} % of their text${this.anyway ? ': the rest is marked. ' : passages}`
        : 'The sides have nothing in common. ';
      remarks.push(
        make('div', { class: 'ftw-remark ftw-quiet' }, said, percent || this.anyway ? other : null),
      );
    } else if (this.look.differences && !this.look.rendered && !this.eyes && !differs) {
      remarks.push(
        make(
          'div',
          { class: 'ftw-remark ftw-quiet' },
          'These texts are too long to be compared word by word.',
        ),
      );
    }
    for (const other of pair.others) {
      const said = [
        other.verdict ?? (Object.keys(other.edit).length ? 'edit' : 'note'),
        other.note && `“${other.note.slice(0, 200)}”`,
      ];
      remarks.push(
        make(
          'div',
          { class: 'ftw-remark' },
          make('b', { dir: 'auto' }, other.reviewer || 'somebody'),
          ` says ${said.filter(Boolean).join(': ')}`,
        ),
      );
    }
    if (pair.decision?.note)
      remarks.push(
        make('div', { class: 'ftw-remark', dir: 'auto' }, make('b', {}, 'Note '), pair.decision.note),
      );
    return remarks;
  }

  private side(
    pair: Pair,
    side: Side,
    differs: Difference | null,
    more: (index: number, from: number, upTo: number) => Promise<More>,
  ): HTMLElement {
    const { turns, omitted } = pair.sides[side];
    const { text, edited } = this.current(pair, side);
    const last = turns[turns.length - 1];
    const tokens = pair.tokens?.[side as 'chosen' | 'rejected'];
    const reward = pair.numbers.find(entry => entry.name === `${side}_reward`)?.value;
    const swapped = pair.decision?.verdict === 'swap';
    const head = make(
      'header',
      {},
      make('b', { class: `ftw-side-name ftw-name-${side}` }, side === 'chosen' ? '▲ CHOSEN' : '▽ REJECTED'),
      ...(swapped
        ? [make('span', { class: 'ftw-badge' }, `⇄ becomes ${side === 'chosen' ? 'rejected' : 'chosen'}`)]
        : []),
      make(
        'span',
        { class: 'ftw-quiet' },
        [
          tokens === undefined ? '' : `${count(tokens)} tokens with prompt`,
          `${count(pair.chars[side])} ${pair.chars[side] === 1 ? 'character' : 'characters'}`,
          reward === undefined || reward === null ? '' : `reward ${number(reward, true)}`,
        ]
          .filter(Boolean)
          .join(' · '),
      ),
    );
    if (pair.decision?.edit[side] !== undefined) {
      head.append(
        button(
          edited ? '✎ edited, show original' : '✎ original, show edit',
          () => {
            this.original = !this.original;
            this.draw();
          },
          { class: 'ftw-link' },
        ),
      );
    }
    const element = make('section', { class: `ftw-side ftw-side-${side}`, 'aria-label': side }, head);
    if (omitted)
      element.append(make('div', { class: 'ftw-quiet' }, `${count(omitted)} earlier turns not shown.`));
    for (const turn of turns.slice(0, -1)) {
      element.append(
        make('div', { class: 'ftw-role', dir: 'auto' }, turn.role),
        turnText(turn, { look: this.look, side, more: (from, upTo) => more(turn.index, from, upTo) }),
      );
    }
    const ratios = this.eyes ? this.store.ratios?.[side] : undefined;
    if (ratios) {
      element.append(tokenText(ratios, this.look.spaces, said => this.store.say(said)));
      return element;
    }
    const parts = differs && (side === 'chosen' ? differs.left : differs.right);
    const common = !!differs && differs.shared < LITTLE && !this.anyway;
    const [length, sent] = edited || !last ? [text.length, text.length] : [last.length, last.sent];
    element.append(
      turnText(
        { index: last?.index ?? 0, role: '', text, length, sent },
        { look: this.look, side, parts, common, more: (from, upTo) => more(last?.index ?? 0, from, upTo) },
      ),
    );
    return element;
  }
}
