import { many } from './dom';
import {
  type Can,
  type Check,
  type Column,
  type Counts,
  EMPTY_QUERY,
  type Eyes,
  type Finding,
  Kernel,
  type LintState,
  type Pair,
  type Query,
  type Ready,
  type TokenRatios,
  type Verdict,
  type View,
} from './protocol';
import { RowCache } from './rows';

/** What changed; views redraw only that part of themselves. */
export type Topic =
  | 'ready'
  | 'view'
  | 'rows'
  | 'pair'
  | 'lint'
  | 'decided'
  | 'columns'
  | 'can'
  | 'busy'
  | 'said'
  | 'eyes';

/** All views of one model share this: the same list, the same pair, the same decisions. */
export class Store {
  readonly kernel: Kernel;
  ready: Ready | null = null;
  view: View | null = null;
  checks = new Map<string, Check>();
  findings = new Map<string, Finding>();
  notChecked: Record<string, string> = {};
  lint: { state: LintState; progress: number } = { state: 'waiting', progress: 0 };
  columns: Column[] = [];
  can: Can = { undo: false, redo: false, use: false, tokens: false };
  eyes: Eyes = { state: 'none' };
  pair: Pair | null = null;
  /** Index in the view of the pair that is selected, loaded or about to be. */
  index = -1;
  ratios: TokenRatios | null = null;
  /** What the kernel is doing for us and how far it is, between 0 and 1. */
  busy: { what: string; progress: number } | null = null;
  said: { text: string; failed: boolean } = { text: '', failed: false };
  private readonly listeners = new Set<(topic: Topic) => void>();
  readonly rows: RowCache;
  private wanted = 0;
  private shown = 0;
  private fromTop = false;

  constructor(send: (message: { type: string }) => void) {
    this.kernel = new Kernel(send, message => this.event(message));
    this.rows = new RowCache(
      this.kernel,
      () => this.view?.version,
      () => this.emit('rows'),
      this.fail,
    );
  }

  on(listener: (topic: Topic) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private emit(topic: Topic): void {
    for (const listener of [...this.listeners]) listener(topic);
  }

  /** Say something to the person, also to one who listens rather than looks. */
  say(text: string, failed = false): void {
    this.said = { text, failed };
    this.emit('said');
  }

  readonly fail = (error: Error): void => this.say(error.message, true);

  /** Nobody answered for some seconds: the kernel is gone, or busy with another cell. */
  lonely = false;

  start(): void {
    setTimeout(() => {
      this.lonely = !this.ready;
      if (this.lonely) this.emit('pair');
    }, 8000);
    this.kernel.ask<Ready>('ready').then(ready => {
      this.ready = ready;
      this.checks = new Map(ready.checks.map(check => [check.id, check]));
      this.findings = new Map(ready.findings.map(finding => [finding.id, finding]));
      this.notChecked = ready.not_checked;
      this.lint = ready.lint;
      this.columns = ready.columns;
      this.can = ready.can;
      this.eyes = ready.eyes;
      this.rows.forget();
      this.view = ready.view;
      this.emit('ready');
      const resumed = ready.selected === null ? null : ready.view.index;
      this.select(resumed ?? 0);
    }, this.fail);
  }

  get query(): Query {
    return this.view?.query ?? EMPTY_QUERY;
  }

  private looking(progress = 0): { what: string; progress: number } {
    return { what: this.query.text ? 'Searching' : 'Filtering', progress };
  }

  /** Ask for another view; what comes back as events shows it. */
  look(change: Partial<Query>, everything = false): void {
    // Another order is looked at from its beginning; another filter keeps the pair in sight where it can.
    if ('sort' in change || 'descending' in change) this.fromTop = true;
    const query = { ...this.query, ...change };
    if (this.view) this.view = { ...this.view, query, partial: false };
    this.busy = this.looking();
    this.emit('busy');
    this.kernel.ask('query', { ...query, everything }).catch(this.fail);
  }

  /** Show the pair at an index of the view. */
  select(index: number): void {
    const size = this.view?.count ?? 0;
    if (!size) {
      this.shown = ++this.wanted;
      this.index = -1;
      this.pair = null;
      this.emit('pair');
      return;
    }
    this.index = Math.max(0, Math.min(size - 1, index));
    this.emit('rows');
    const row = this.rows.at(this.index);
    this.fetch(row ? Promise.resolve(row.position) : this.rows.positionAt(this.index));
  }

  /** Select a pair by its position in the data, where the view shows it. */
  find(position: number): void {
    this.fetch(Promise.resolve(position), pair => {
      this.index = pair.index ?? -1;
      this.emit('rows');
    });
  }

  /** Show the pair at a position of the data, unless another one is wanted by the time it comes. */
  private async fetch(found: Promise<number | null>, came: (pair: Pair) => void = () => {}): Promise<void> {
    const ticket = ++this.wanted;
    try {
      const position = await found;
      if (position === null || ticket !== this.wanted) return;
      const pair = await this.kernel.ask<Pair>('pair', { position, select: true });
      if (ticket !== this.wanted) return;
      this.pair = pair;
      this.ratios = null;
      came(pair);
    } catch (error) {
      this.fail(error as Error);
    } finally {
      if (ticket === this.wanted) {
        this.shown = ticket;
        this.emit('pair');
      }
    }
  }

  /** Fetch the selected pair again: its numbers or its decision changed. */
  reload(): void {
    if (!this.pair) return;
    const { position } = this.pair;
    this.kernel.ask<Pair>('pair', { position }).then(pair => {
      if (this.pair?.position !== position) return; // the person went on
      this.pair = pair;
      this.emit('pair');
    }, this.fail);
  }

  /** The pair in sight; null while another one was chosen and is on its way: nobody can mean what is still shown. */
  get settled(): Pair | null {
    return this.shown === this.wanted ? this.pair : null;
  }

  /** Decide on a pair. Whether it was decided; why not is said. */
  judge(pair: Pair, change: { verdict?: Verdict | null; note?: string; edit?: object }): Promise<boolean> {
    return this.kernel.ask('judge', { position: pair.position, ...change }).then(
      () => true,
      error => {
        this.fail(error);
        return false;
      },
    );
  }

  judgeShown(verdict: Verdict): void {
    this.kernel
      .ask<{ changed: number }>('judge', { scope: 'view', version: this.view?.version, verdict })
      .then(({ changed }) => this.say(`${changed} decided: ${verdict}`), this.fail);
  }

  step(what: 'undo' | 'redo'): void {
    this.kernel.ask<{ changed: number; position: number | null }>(what).then(({ changed, position }) => {
      if (!changed) this.say(`Nothing to ${what}`);
      else
        this.say(
          `${what === 'undo' ? 'Undone' : 'Done again'}: ${changed === 1 ? 'one pair' : `${changed} pairs`}`,
        );
      if (position !== null && position !== this.pair?.position) this.find(position);
    }, this.fail);
  }

  look_at_tokens(): void {
    const pair = this.pair;
    if (!pair) return;
    this.busy = { what: 'Asking the model', progress: 0 };
    this.emit('busy');
    this.kernel
      .ask<TokenRatios>('tokens', { position: pair.position })
      .then(ratios => {
        if (this.pair?.position === pair.position) this.ratios = ratios;
        this.emit('pair');
      }, this.fail)
      .finally(() => {
        this.busy = null;
        this.emit('busy');
      });
  }

  private event(message: { type: string; [field: string]: unknown }): void {
    switch (message.type) {
      case 'view': {
        const { type: _, ...view } = message;
        this.show(view as unknown as View);
        break;
      }
      case 'looking':
        this.busy = this.looking(Number(message.progress));
        this.emit('busy');
        break;
      case 'decided':
        this.decided(message as never);
        break;
      case 'resumed':
        if (this.ready) this.ready.unplaced = Number(message.unplaced);
        if (message.selected !== null) this.find(Number(message.selected));
        this.emit('ready');
        break;
      case 'finding': {
        const finding = message.finding as Finding;
        this.findings.set(finding.id, finding);
        this.emit('lint');
        if (finding.count && this.checks.get(finding.id)?.marks_rows) this.rows.refresh();
        break;
      }
      case 'not_checked':
        this.notChecked = { ...this.notChecked, ...(message.reasons as object) };
        this.emit('lint');
        break;
      case 'lint':
        this.lint = { state: message.state as LintState, progress: Number(message.progress) };
        this.emit('lint');
        if (this.lint.state === 'done') this.reload();
        break;
      case 'lengths':
        this.rows.refresh();
        break;
      case 'columns':
        this.columns = message.columns as Column[];
        this.emit('columns');
        this.reload();
        break;
      case 'run':
        if (this.ready) this.ready.run = { seen: Number(message.seen) };
        this.emit('columns');
        break;
      case 'eyes':
        this.eyes = message.eyes as Eyes;
        this.emit('eyes');
        if (this.eyes.state !== 'running') this.rows.refresh(); // the number beside each row is another
        break;
      case 'can': {
        const { type: _, ...can } = message;
        this.can = can as unknown as Can;
        this.emit('can');
        break;
      }
      case 'failed':
        this.busy = null;
        this.emit('busy');
        this.fail(new Error(String(message.message)));
        break;
    }
  }

  private show(view: View): void {
    // A search that finds more keeps the rows on show until the new ones come.
    const goesOn = this.view?.partial && JSON.stringify(this.view.query) === JSON.stringify(view.query);
    this.view = view;
    if (goesOn) this.rows.refresh();
    else this.rows.forget();
    this.busy = view.partial ? this.looking(view.progress) : null;
    if (view.partial) this.index = view.index ?? -1; // the pair in sight may be found yet
    this.emit('view');
    this.emit('busy');
    if (view.partial) {
      if (view.count && !this.pair && this.shown === this.wanted) this.select(0);
      return;
    }
    this.say(`${many(view.count, 'pair')} shown`);
    if (view.index === null || this.fromTop) this.select(0);
    else {
      this.index = view.index;
      this.emit('rows');
    }
    this.fromTop = false;
  }

  private decided(
    message: { position: number[]; state: number[]; all: boolean; counts: Counts } & Can,
  ): void {
    const { position, state, all, counts, undo, redo, use, tokens } = message;
    this.can = { undo, redo, use, tokens };
    if (this.view) this.view.counts = counts;
    const states = new Map(position.map((at, i) => [at, state[i]]));
    this.rows.mark(states);
    if (all) this.rows.refresh();
    this.emit('decided');
    this.emit('rows');
    if (this.pair && states.has(this.pair.position)) this.reload();
  }
}
