import { button, count, make } from './dom';
import type { Menu } from './menu';
import type { Query } from './protocol';
import type { Store, Topic } from './store';

const TYPING = 200; // ms without a key before a search begins

/** Search, sort, what is filtered by, and how many pairs that leaves. */
export class Toolbar {
  readonly element: HTMLElement;
  readonly search: HTMLInputElement;
  private readonly regex: HTMLButtonElement;
  private readonly where: HTMLSelectElement;
  private readonly sort: HTMLSelectElement;
  private readonly direction: HTMLButtonElement;
  private readonly chips: HTMLElement;
  private readonly counts: HTMLElement;
  private readonly use: HTMLButtonElement;
  private timer = 0;
  private readonly leave: () => void;

  constructor(
    private readonly store: Store,
    filters: Menu,
    exports: Menu,
    focusList: () => void,
  ) {
    this.search = make('input', {
      type: 'search',
      class: 'ftw-search',
      placeholder: 'Search',
      'aria-label': 'Search the texts',
      title: 'Search prompts and answers ( / ); Enter goes on to the list',
      spellcheck: 'false',
      autocomplete: 'off',
    });
    this.search.addEventListener('input', () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.typed({}), TYPING);
    });
    this.search.addEventListener('keydown', event => {
      const leaves = event.key === 'Enter' || event.key === 'ArrowDown';
      if (event.isComposing || !(leaves || (event.key === 'Escape' && !this.search.value))) return;
      event.preventDefault();
      if (this.timer) this.typed({});
      focusList();
    });
    this.regex = button('.*', () => this.typed({ regex: !this.store.query.regex }), {
      title: 'Read the search as a regular expression',
      class: 'ftw-toggle',
      pressed: false,
    });
    this.where = make(
      'select',
      { 'aria-label': 'Where to search', title: 'Where to search' },
      ...['all', 'prompt', 'chosen', 'rejected'].map(side =>
        make('option', { value: side }, side === 'all' ? 'in all' : `in ${side}`),
      ),
    );
    this.where.addEventListener('change', () => this.typed({ where: this.where.value as Query['where'] }));
    this.sort = make('select', { 'aria-label': 'Sort by', title: 'Sort by' });
    this.sort.addEventListener('change', () => this.store.look({ sort: this.sort.value }));
    this.direction = button('↑', () => this.store.look({ descending: !this.store.query.descending }), {
      class: 'ftw-toggle',
      title: 'Smallest first; press for largest first',
      pressed: false,
    });
    this.use = button(
      'Use in Studio',
      () =>
        this.store.kernel.ask('use').then(() => this.store.say('Handed over to the Studio'), this.store.fail),
      {
        class: 'ftw-primary',
        title: 'Train on the pairs as decided here',
      },
    );
    this.chips = make('div', { class: 'ftw-chips', role: 'group', 'aria-label': 'Active filters' });
    this.counts = make('div', { class: 'ftw-counts' });
    this.element = make(
      'div',
      { class: 'ftw-toolbar', role: 'toolbar', 'aria-label': 'Pairs' },
      make('div', { class: 'ftw-field' }, this.search, this.regex, this.where),
      filters.element,
      make(
        'div',
        { class: 'ftw-field' },
        make('span', { class: 'ftw-quiet' }, 'sort'),
        this.sort,
        this.direction,
      ),
      this.counts,
      exports.element,
      this.use,
      this.chips,
    );
    this.leave = store.on(topic => this.changed(topic));
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.leave();
  }

  /** Look for what stands in the field now, though the person may have typed on a moment ago. */
  private typed(change: Partial<Query>): void {
    clearTimeout(this.timer);
    this.timer = 0;
    this.store.look({ ...change, text: this.search.value });
  }

  private changed(topic: Topic): void {
    if (topic === 'ready' || topic === 'columns') this.fillSort();
    if (topic === 'ready' || topic === 'view' || topic === 'busy' || topic === 'decided' || topic === 'lint')
      this.draw();
    if (topic === 'ready' || topic === 'can') this.use.hidden = !this.store.can.use;
  }

  private fillSort(): void {
    this.sort.replaceChildren(
      make('option', { value: '' }, 'as in the data'),
      ...this.store.columns.map(column => make('option', { value: column.name }, column.label)),
    );
    this.sort.value = this.store.query.sort;
  }

  private draw(): void {
    const { query, view, ready, busy } = this.store;
    if (!view || !ready) return;
    const focused = (this.search.getRootNode() as Document).activeElement === this.search;
    if (!focused && !this.timer) this.search.value = query.text;
    this.regex.setAttribute('aria-pressed', String(query.regex));
    this.where.value = query.where;
    this.sort.value = query.sort;
    this.direction.textContent = query.descending ? '↓' : '↑';
    this.direction.title = query.descending
      ? 'Largest first; press for smallest first'
      : 'Smallest first; press for largest first';
    this.direction.setAttribute('aria-pressed', String(query.descending));
    this.direction.disabled = !query.sort;
    const { judged, judged_shown } = view.counts;
    const all = view.count === ready.total;
    const shown = make(
      'span',
      {},
      make('b', {}, count(view.count)),
      all ? ' pairs' : ` of ${count(ready.total)}`,
    );
    const done = make(
      'span',
      { title: `${count(judged)} of all ${count(ready.total)} pairs judged` },
      'judged ',
      make('b', {}, count(judged_shown)),
      ` / ${count(view.count)}`,
    );
    // A search that takes a while says how far it is; another filter, or none, ends it.
    const far = busy?.progress ? `${busy.what} ${Math.round(100 * busy.progress)} % · ` : '';
    this.counts.replaceChildren(far, shown, make('span', { class: 'ftw-quiet' }, ' · '), done);
    this.counts.classList.toggle('ftw-busy', !!busy);
    this.counts.title = busy ? 'Empty the search, or type another, to end it' : '';
    this.drawChips();
  }

  private drawChips(): void {
    const { query, view, columns } = this.store;
    const chips: Node[] = [];
    const chip = (label: string, remove: () => void) =>
      chips.push(
        button(
          make(
            'span',
            { class: 'ftw-chip-label', dir: 'auto' },
            label,
            make('span', { class: 'ftw-x', 'aria-hidden': 'true' }, '✕'),
          ),
          remove,
          {
            class: 'ftw-chip',
            title: `Take away the filter: ${label}`,
          },
        ),
      );
    const without = <T>(list: T[], item: T) => list.filter(other => other !== item);
    if (view?.restricted) chip(view.title || 'chosen rows', () => this.store.look({}, true));
    for (const state of query.verdicts)
      chip(state, () => this.store.look({ verdicts: without(query.verdicts, state) }));
    for (const state of query.run)
      chip(state.replace('_', ' '), () => this.store.look({ run: without(query.run, state) }));
    for (const range of query.ranges) {
      const [name, low, high] = range;
      const label = columns.find(column => column.name === name)?.label ?? name;
      const said =
        low !== null && high !== null
          ? `${low} ≤ ${label} ≤ ${high}`
          : low !== null
            ? low === Number.MIN_VALUE
              ? `${label} > 0`
              : `${label} ≥ ${low}`
            : `${label} ≤ ${high}`;
      chip(said, () => this.store.look({ ranges: without(query.ranges, range) }));
    }
    if (query.same_prompt !== null) chip('same prompt', () => this.store.look({ same_prompt: null }));
    if (query.collapse) chip('one pair a prompt', () => this.store.look({ collapse: false }));
    this.chips.hidden = !chips.length;
    this.chips.replaceChildren(...chips);
  }
}
