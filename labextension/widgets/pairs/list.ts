import { count, make, many, mark, number } from './dom';
import { type Check, STATES } from './protocol';
import type { Row } from './rows';
import type { Store, Topic } from './store';
import { appendText } from './visible';

export const ROW = 44; // pixels
// Browsers give up on taller elements (Firefox at 17.8 million pixels): beyond, one pixel of the bar is several of rows.
const TALLEST = 8_000_000;
const CHUNK = 500 * ROW; // rows are placed from the start of their chunk: huge offsets lose their precision
const OVERSCAN = 6;

export const STATE_MARKS: Record<string, [sign: string, words: string]> = {
  keep: ['✓', 'kept'],
  drop: ['✕', 'dropped'],
  swap: ['⇄', 'sides swapped'],
  tie: ['=', 'tie'],
  edited: ['✎', 'edited'],
  noted: ['❝', 'has a note'],
  disagreement: ['≠', 'reviewers disagree'],
};

/** The list of pairs: only the rows in sight exist in the page, only their blocks cross from the kernel. */
export class List {
  readonly element: HTMLElement;
  private readonly spacer: HTMLElement;
  private readonly sheet: HTMLElement;
  private readonly empty: HTMLElement;
  private readonly drawn = new Map<number, { element: HTMLElement; key: string }>();
  private top = 0; // in pixels of rows, whatever the scrollbar's scale
  private frame = 0;
  private placed = 0; // scrollTop as set by us
  private base = 0;
  private readonly observer: ResizeObserver;
  private readonly leave: () => void;

  constructor(
    private readonly store: Store,
    private readonly name: string,
  ) {
    this.spacer = make('div', { class: 'ftw-spacer' });
    this.sheet = make('div', { class: 'ftw-sheet', role: 'presentation' });
    this.empty = make('div', { class: 'ftw-empty' });
    this.element = make(
      'div',
      { class: 'ftw-list', role: 'listbox', tabindex: 0, 'aria-label': 'Pairs' },
      this.spacer,
      this.sheet,
      this.empty,
    );
    this.element.addEventListener('scroll', () => this.scrolled(), { passive: true });
    this.element.addEventListener('wheel', event => this.wheeled(event), { passive: false });
    this.element.addEventListener('keydown', event => this.key(event));
    this.sheet.addEventListener('click', event => {
      const row = (event.target as Element).closest<HTMLElement>('[data-index]');
      if (row) this.store.select(Number(row.dataset.index));
    });
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
    this.leave = store.on(topic => this.changed(topic));
  }

  dispose(): void {
    this.observer.disconnect();
    this.leave();
    cancelAnimationFrame(this.frame);
  }

  private changed(topic: Topic): void {
    if (topic === 'ready' || topic === 'view') {
      this.resize();
      if (topic === 'view' && !this.store.view?.partial) this.reveal(this.store.view?.index ?? 0);
    }
    if (topic === 'pair') this.reveal(this.store.index);
    if (topic === 'ready' || topic === 'view' || topic === 'rows' || topic === 'lint' || topic === 'pair')
      this.later();
  }

  private get size(): number {
    return this.store.view?.count ?? 0;
  }

  private get height(): number {
    return this.element.clientHeight;
  }

  /** Pixels of rows for a pixel of the scrollbar. */
  private get scale(): number {
    const bar = Math.min(this.size * ROW, TALLEST) - this.height;
    return bar > 0 ? (this.size * ROW - this.height) / bar : 1;
  }

  private resize(): void {
    this.spacer.style.height = `${Math.min(this.size * ROW, TALLEST)}px`;
    this.empty.hidden = this.size > 0;
    const { ready, view } = this.store;
    this.empty.textContent = !ready?.total
      ? 'There are no pairs in this dataset.'
      : view?.partial
        ? 'Searching…'
        : 'No pair passes these filters. Take one away above.';
    this.move(this.top);
  }

  private move(top: number): void {
    this.top = Math.max(0, Math.min(top, this.size * ROW - this.height));
    this.placed = Math.round(this.top / this.scale);
    if (this.element.scrollTop !== this.placed) this.element.scrollTop = this.placed;
    this.later();
  }

  private scrolled(): void {
    // Our own placing rounds to whole pixels of the bar: it must not throw away where exactly we are.
    if (Math.abs(this.element.scrollTop - this.placed) >= 1) {
      this.placed = this.element.scrollTop;
      this.top = this.placed * this.scale;
    }
    this.later();
  }

  private wheeled(event: WheelEvent): void {
    if (this.scale <= 1 || event.ctrlKey) return; // the browser does it well
    const unit = event.deltaMode === 1 ? ROW : event.deltaMode === 2 ? this.height : 1;
    const before = this.top;
    this.move(this.top + event.deltaY * unit);
    if (this.top !== before) event.preventDefault();
  }

  private key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.height / ROW) - 1);
    const steps: Record<string, number> = { PageDown: page, PageUp: -page, Home: -this.size, End: this.size };
    if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.store.select(Math.max(0, this.store.index) + steps[event.key]);
    this.reveal(this.store.index);
  }

  private reveal(index: number): void {
    if (index < 0) return;
    const top = index * ROW;
    if (top < this.top) this.move(top);
    else if (top + ROW > this.top + this.height) this.move(top + ROW - this.height);
  }

  private later(): void {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.frame = 0;
    if (!this.store.ready || !this.height) return;
    const first = Math.max(0, Math.floor(this.top / ROW) - OVERSCAN);
    const last = Math.min(this.size, Math.ceil((this.top + this.height) / ROW) + OVERSCAN);
    for (const [index, row] of this.drawn) {
      if (index >= first && index < last) continue;
      row.element.remove();
      this.drawn.delete(index);
    }
    const base = Math.floor(this.top / CHUNK) * CHUNK;
    if (base !== this.base) {
      this.base = base;
      for (const [index, row] of this.drawn) this.place(row.element, index);
    }
    this.sheet.style.transform = `translateY(${this.element.scrollTop - this.top + base}px)`;
    for (let index = first; index < last; index++) this.drawRow(index);
    const selected = this.drawn.get(this.store.index)?.element;
    if (selected) this.element.setAttribute('aria-activedescendant', selected.id);
    else this.element.removeAttribute('aria-activedescendant');
  }

  private place(element: HTMLElement, index: number): void {
    element.style.transform = `translateY(${index * ROW - this.base}px)`;
  }

  private drawRow(index: number): void {
    const row = this.store.rows.at(index);
    const selected = index === this.store.index;
    const key = row ? JSON.stringify([row, selected]) : `…${selected}`;
    const old = this.drawn.get(index);
    if (old?.key === key) return;
    const element = make('div', {
      id: `${this.name}-row-${index}`,
      class: 'ftw-row',
      role: 'option',
      'data-index': index,
      'aria-selected': String(selected),
      'aria-setsize': this.size,
      'aria-posinset': index + 1,
    });
    this.place(element, index);
    if (row) fill(element, row, [...this.store.checks.values()]);
    else element.append(make('div', { class: 'ftw-waiting' }));
    if (old) old.element.replaceWith(element);
    else this.sheet.append(element);
    this.drawn.set(index, { element, key });
  }
}

function fill(element: HTMLElement, row: Row, checks: Check[]): void {
  const snippet = make('div', { class: 'ftw-snippet', dir: 'auto' });
  appendText(snippet, row.text.replace(/\s+/g, ' ') || '(no prompt)');
  const facts = make('div', { class: 'ftw-facts' }, make('span', { class: 'ftw-id' }, `#${row.rowId}`));
  if (row.chosen !== null && row.rejected !== null) facts.append(lengths(row.chosen, row.rejected));
  if (row.value !== null)
    facts.append(
      make(
        'span',
        { class: 'ftw-value', title: row.valueOf },
        number(row.value, row.valueOf.includes('margin')),
      ),
    );
  if (row.shared !== null && row.shared > 1) {
    facts.append(
      make(
        'span',
        { class: 'ftw-badge', title: `${many(row.shared, 'pair')} with this prompt` },
        `×${row.shared}`,
      ),
    );
  }
  const flags = checks.filter(check => row.flags & check.bit);
  if (flags.length)
    facts.append(
      mark(`⚑${flags.length > 1 ? flags.length : ''}`, flags.map(flag => flag.title).join(', '), 'ftw-flag'),
    );
  for (const [state, [sign, words]] of Object.entries(STATE_MARKS)) {
    if (row.state & STATES[state]) facts.append(mark(sign, words, `ftw-state ftw-state-${state}`));
  }
  element.append(snippet, facts);
}

/** Two bars as long as the answers, on a scale that shows short and long ones alike. */
function lengths(chosen: number, rejected: number): HTMLElement {
  const wide = (length: number) => `${Math.min(100, 10 * Math.log2(1 + length / 16))}%`;
  const bars = make('span', {
    class: 'ftw-lengths',
    title: `chosen ${count(chosen)}, rejected ${count(rejected)} characters`,
  });
  for (const [side, length] of [
    ['chosen', chosen],
    ['rejected', rejected],
  ] as const) {
    const bar = make('span', { class: `ftw-bar ftw-bar-${side}` });
    bar.style.width = wide(length);
    bars.append(bar);
  }
  return bars;
}
