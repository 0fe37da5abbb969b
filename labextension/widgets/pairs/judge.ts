import { button, count, make } from './dom';
import { Editor } from './editor';
import type { Verdict } from './protocol';
import type { Store, Topic } from './store';

const VERDICTS: [verdict: Verdict, key: string, label: string, title: string][] = [
  ['keep', 'K', 'Keep', 'Keep the pair as it is (K)'],
  ['drop', 'D', 'Drop', 'Leave the pair out (D)'],
  ['swap', 'S', 'Swap', 'The rejected answer is the better one: exchange the sides (S)'],
  ['tie', 'T', 'Tie', 'Neither is better: leave the pair out (T)'],
];

export const KEYS: [keys: string, what: string][] = [
  ['K', 'keep'],
  ['D', 'drop'],
  ['S', 'swap the sides'],
  ['T', 'tie: neither is better'],
  ['E', 'edit the answers'],
  ['N', 'write a note'],
  ['J or ↓', 'next pair'],
  ['Shift J or ↑', 'previous pair'],
  ['Home, End', 'first, last pair'],
  ['Space', 'read on, Shift back'],
  ['P', 'whole prompt'],
  ['Z', 'undo'],
  ['Shift Z', 'redo'],
  ['X', 'mark differences'],
  ['M', 'Markdown'],
  ['W', 'whitespace'],
  ['/', 'search'],
  ['?', 'these keys'],
];

/** Deciding on the pair in sight. A second press of the same verdict takes it away. */
export class Judge {
  readonly element: HTMLElement;
  private readonly bar = make('div', {
    class: 'ftw-judge',
    role: 'toolbar',
    'aria-label': 'Judge this pair',
  });
  private readonly progress = make('div', { class: 'ftw-progress' });
  private readonly help = make('div', {
    class: 'ftw-keys',
    role: 'dialog',
    'aria-label': 'Keys',
    hidden: true,
  });
  private readonly editor: Editor;
  private readonly leave: () => void;

  constructor(
    private readonly store: Store,
    private readonly focusList: () => void,
  ) {
    this.editor = new Editor(store, () => this.focusList());
    this.help.append(
      make(
        'dl',
        {},
        ...KEYS.map(([keys, what]) =>
          make('div', {}, make('dt', {}, make('kbd', {}, keys)), make('dd', {}, what)),
        ),
      ),
    );
    this.element = make('div', {}, this.editor.element, this.help, this.bar);
    this.leave = store.on(topic => this.changed(topic));
  }

  dispose(): void {
    this.leave();
  }

  get editing(): boolean {
    return this.editor.open;
  }

  decide(verdict: Verdict): void {
    const pair = this.store.settled;
    if (!pair) return;
    const same = pair.decision?.verdict === verdict;
    const id = `#${pair.row_id}`;
    this.store.judge(pair, { verdict: same ? null : verdict }).then(decided => {
      if (decided) this.store.say(same ? `${id}: ${verdict} taken back` : `${id}: ${verdict}`);
    });
    if (!same) this.store.select(this.store.index + 1);
  }

  edit(): void {
    this.editor.edit();
  }

  note(): void {
    this.editor.note();
  }

  get helping(): boolean {
    return !this.help.hidden;
  }

  toggleHelp(): void {
    this.help.hidden = !this.help.hidden;
  }

  private changed(topic: Topic): void {
    if (topic === 'pair' || topic === 'decided' || topic === 'ready' || topic === 'can' || topic === 'view')
      this.draw();
  }

  private draw(): void {
    const { pair, can, view, ready } = this.store;
    const focused = (this.bar.getRootNode() as Document).activeElement as HTMLElement | null;
    const active = focused && this.bar.contains(focused) ? focused.dataset.key : undefined;
    const keyed = (
      key: string,
      label: string,
      press: () => void,
      title: string,
      pressed?: boolean,
      disabled = !pair,
    ) => {
      const element = button(make('span', {}, make('kbd', {}, key), ` ${label}`), press, {
        title,
        pressed,
        disabled,
      });
      element.dataset.key = key;
      element.setAttribute('aria-label', title);
      return element;
    };
    const buttons = [
      ...VERDICTS.map(([verdict, key, label, title]) =>
        keyed(key, label, () => this.decide(verdict), title, pair?.decision?.verdict === verdict),
      ),
      keyed('E', 'Edit', () => this.edit(), 'Edit the answers (E)'),
      keyed('N', 'Note', () => this.note(), 'Write a note (N)'),
      keyed('Z', '⟲', () => this.store.step('undo'), 'Undo the last decision (Z)', undefined, !can.undo),
      keyed('⇧Z', '⟳', () => this.store.step('redo'), 'Do it again (Shift Z)', undefined, !can.redo),
      keyed('?', '', () => this.toggleHelp(), 'Show all keys (?)', undefined, false),
    ];
    this.bar.replaceChildren(...buttons, this.progress);
    if (active) buttons.find(element => element.dataset.key === active)?.focus();
    if (!view || !ready) return;
    const share = view.count ? view.counts.judged_shown / view.count : 0;
    const where = ready.decisions
      ? `saved to ${ready.decisions}`
      : 'kept in memory only: give decisions="file.jsonl" to save them';
    this.progress.title = `${ready.reviewer}, ${where}${ready.unplaced ? `; ${count(ready.unplaced)} decisions are on pairs not in this dataset` : ''}`;
    this.progress.replaceChildren(
      make('progress', { max: 1, value: share, 'aria-label': 'Judged of those shown' }),
      make('span', {}, `${ready.reviewer} · ${ready.decisions ? 'saved' : 'not saved'}`),
    );
  }
}
