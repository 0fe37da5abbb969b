import { button, make } from './dom';
import { ANSWERS, type More, type Pair, type Side } from './protocol';
import type { Store } from './store';

/** Writing: the answers' texts, or a note. Ctrl Enter saves, Escape leaves all as it was. */
export class Editor {
  readonly element = make('div', { class: 'ftw-editor', hidden: true });

  constructor(
    private readonly store: Store,
    private readonly done: () => void,
  ) {
    this.element.addEventListener('keydown', event => {
      if (event.key === 'Escape') this.close();
    });
  }

  get open(): boolean {
    return !this.element.hidden;
  }

  note(): void {
    const pair = this.store.settled;
    if (!pair) return;
    const field = area('Note', pair.decision?.note ?? '', 3);
    this.show(`Note on #${pair.row_id}`, [field], () => this.store.judge(pair, { note: field.value.trim() }));
  }

  async edit(): Promise<void> {
    const pair = this.store.settled;
    if (!pair) return;
    try {
      const originals = await Promise.all(ANSWERS.map(side => this.whole(pair, side)));
      const fields = ANSWERS.map((side, at) => area(side, pair.decision?.edit[side] ?? originals[at], 8));
      this.show(`Edit #${pair.row_id}`, fields, () => {
        const edit: Partial<Record<Side, string>> = {};
        // A text area turns \r\n into \n: what a person did not touch must stay as it was.
        for (const [at, side] of ANSWERS.entries()) {
          if (fields[at].value !== originals[at].replace(/\r\n?/g, '\n')) edit[side] = fields[at].value;
        }
        return this.store.judge(pair, { edit });
      });
    } catch (error) {
      this.store.fail(error as Error);
    }
  }

  private async whole(pair: Pair, side: Side): Promise<string> {
    const { turns } = pair.sides[side];
    const last = turns[turns.length - 1];
    if (!last) return '';
    const rest = {
      position: pair.position,
      side,
      index: last.index,
      start: last.sent,
      count: last.length - last.sent,
    };
    return rest.count ? last.text + (await this.store.kernel.ask<More>('text', rest)).text : last.text;
  }

  private show(title: string, fields: HTMLTextAreaElement[], save: () => Promise<boolean>): void {
    const keep = () => {
      save().then(saved => {
        if (!saved) return; // what was written stays until it is safe
        this.store.say(`${title}: saved`);
        this.close();
      });
    };
    for (const field of fields) {
      field.addEventListener('keydown', event => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) keep();
      });
    }
    const labelled = fields.map(field =>
      make('label', {}, make('span', { class: 'ftw-quiet' }, field.dataset.name ?? ''), field),
    );
    this.element.replaceChildren(
      make('b', {}, title),
      make('div', { class: 'ftw-fields' }, ...labelled),
      make(
        'div',
        { class: 'ftw-field' },
        button('Save', keep, { class: 'ftw-primary', title: 'Save (Ctrl Enter)' }),
        button('Cancel', () => this.close(), { title: 'Leave as it was (Escape)' }),
      ),
    );
    this.element.hidden = false;
    fields[0].focus();
  }

  private close(): void {
    this.element.hidden = true;
    this.element.replaceChildren();
    this.done();
  }
}

function area(name: string, value: string, rows: number): HTMLTextAreaElement {
  const element = make('textarea', { rows, dir: 'auto', 'aria-label': name, 'data-name': name });
  element.value = value;
  return element;
}
