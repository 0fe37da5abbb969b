import { button, count, make } from './dom';
import { Histogram } from './histogram';
import type { Facts, Fate, Lengths } from './lengths';
import { Navigator } from './navigator';
import { notes, summary } from './summary';
import { type Part, tokenList } from './tokens';

export interface RowMessage {
  type: 'row';
  position: number;
  row_id: number;
  parts: Part[];
  error: string;
}

export interface State {
  kind?: 'measuring' | 'done' | 'cancelled' | 'failed';
  done?: number;
  total?: number;
  text?: string;
}

export interface Actions {
  limit(value: number, done: boolean): void;
  row(position: number): void;
  exact(): void;
  cancel(): void;
}

/** The whole panel: state, lengths with the limit, and one row's tokens. */
export class PreflightView {
  private readonly root = make('div', 'ftw-preflight');
  private readonly title = make('div', 'ftw-title');
  private readonly stateBox = make('div', 'ftw-state', '', { role: 'status' });
  private readonly verdict = make('div', 'ftw-verdict', '', { role: 'alert' });
  private readonly effect = make('div');
  private readonly notes = make('div', 'ftw-notes');
  private readonly field = make('input', 'ftw-number', '', { type: 'number', min: '1', step: '8' });
  private readonly parts = make('div', 'ftw-parts');
  private readonly histogram: Histogram;
  private readonly navigator: Navigator;
  private readonly resized: ResizeObserver;
  private lengths: Lengths | null = null;
  private facts: Facts | null = null;
  private limit = 1024;
  private row: RowMessage | null = null;
  private drawnFor = '';

  constructor(
    el: HTMLElement,
    private readonly actions: Actions,
  ) {
    this.histogram = new Histogram((value, done) => actions.limit(value, done));
    this.navigator = new Navigator(
      position => this.go(position),
      fate => this.find(fate),
    );
    const limits = make('div', 'ftw-limits');
    const label = make('label', 'ftw-field', 'max_length ');
    label.append(this.field, make('span', 'ftw-quiet', ' tokens'));
    limits.append(
      label,
      button('Keep 95% whole', 'The smallest limit under which 95 of 100 rows stay whole', () =>
        this.keep(0.95),
      ),
      button('Keep all whole', 'The length of the longest measured row', () => this.keep(1)),
    );
    const head = make('div', 'ftw-head');
    head.append(this.title, this.stateBox);
    this.root.append(head, this.verdict, this.histogram.root, limits, this.effect, this.notes);
    this.root.append(this.navigator.root, legend(), this.parts);
    this.field.addEventListener('change', () => {
      const value = Math.round(Number(this.field.value));
      if (value >= 1) actions.limit(value, true);
    });
    this.field.addEventListener('keydown', event => event.stopPropagation());
    el.append(this.root);
    this.resized = new ResizeObserver(() => this.histogram.paint());
    this.resized.observe(this.root);
  }

  dispose(): void {
    this.resized.disconnect();
    this.root.remove();
  }

  show(facts: Facts | null, lengths: Lengths | null, limit: number, verdict: string): void {
    this.facts = facts;
    this.lengths = lengths;
    this.limit = limit;
    this.title.replaceChildren();
    if (facts) this.title.append(make('strong', '', `Preflight · ${facts.title}`), ` learns ${facts.learns}`);
    else this.title.append(make('strong', '', 'Preflight'));
    this.verdict.hidden = !verdict;
    this.verdict.textContent = verdict ? `⛔ ${verdict}` : '';
    this.histogram.show(lengths, limit);
    if (document.activeElement !== this.field) this.field.value = String(limit);
    if (facts && lengths) {
      const effect = lengths.effect(limit);
      this.effect.replaceChildren(summary(effect, facts, limit));
      this.notes.replaceChildren(...notes(facts).map(note => make('div', '', note)));
      this.navigator.show(
        this.row?.position ?? 0,
        this.row?.row_id ?? null,
        facts.rows,
        effect.cut,
        effect.dropped,
      );
    }
    this.tokens();
  }

  showState(state: State): void {
    this.stateBox.replaceChildren();
    const { kind, done = 0, total = 0 } = state;
    this.stateBox.className = `ftw-state ftw-is-${kind ?? 'waiting'}`;
    if (kind === 'measuring') {
      const bar = make('progress', '', '', { 'aria-label': 'Rows measured' });
      bar.max = Math.max(1, total);
      if (total) bar.value = done;
      this.stateBox.append(
        bar,
        make('span', '', `measuring rows: ${count(done)}${total ? ` of ${count(total)}` : ''}`),
        button('Cancel', 'Keep what has been measured', () => this.actions.cancel()),
      );
    } else if (kind === 'failed') {
      this.stateBox.append(make('span', '', `⛔ ${state.text}`));
    } else if (this.facts && !this.facts.exact) {
      const { measured, rows } = this.facts;
      this.stateBox.append(
        make('span', 'ftw-quiet', `${count(measured)} of ${count(rows)} rows measured, drawn at random`),
        button('Measure all', 'Exact numbers instead of a sample', () => this.actions.exact()),
      );
    }
  }

  showRow(row: RowMessage): void {
    this.row = row;
    this.drawnFor = '';
    this.show(this.facts, this.lengths, this.limit, this.verdict.textContent?.replace('⛔ ', '') ?? '');
  }

  private tokens(): void {
    const { row, limit } = this;
    const key = row ? `${row.position} ${limit}` : '';
    if (key === this.drawnFor) return;
    this.drawnFor = key;
    this.parts.replaceChildren();
    if (row?.error) this.parts.append(make('div', 'ftw-verdict', `⛔ ${row.error}`));
    for (const part of row?.parts ?? []) this.parts.append(tokenList(part, limit));
  }

  private go(position: number): void {
    const last = (this.facts?.rows ?? 1) - 1;
    if (Number.isFinite(position)) this.actions.row(Math.min(Math.max(Math.round(position), 0), last));
  }

  private find(fate: Fate): void {
    const found = this.lengths?.next(this.row?.position ?? -1, fate, this.limit);
    if (found !== null && found !== undefined) this.actions.row(found);
  }

  private keep(part: number): void {
    if (this.lengths?.count) this.actions.limit(Math.max(1, this.lengths.limitFor(part)), true);
  }
}

function legend(): HTMLElement {
  const box = make('div', 'ftw-legend', '', { 'aria-label': 'Legend' });
  const entries: [string, string][] = [
    ['ftw-token ftw-learnt', 'learnt'],
    ['ftw-token', 'read, not learnt'],
    ['ftw-token ftw-special', 'special'],
    ['ftw-token ftw-cut', 'cut off'],
  ];
  for (const [kind, text] of entries) box.append(make('span', kind, text));
  return box;
}
