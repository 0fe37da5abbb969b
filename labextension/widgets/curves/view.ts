import { make, setText } from './dom';
import { type Actions, listen } from './gestures';
import { hit } from './hover';
import { handleKey, type KeyActions } from './keys';
import { xSpan } from './lines';
import { describe } from './marks';
import { Panel } from './panel';
import { Picker } from './picker';
import type { Outgoing } from './protocol';
import { Readout } from './readout';
import { Runs } from './runs';
import { type Options, type Span, ViewState } from './state';
import type { PanelSpec, Store } from './store';
import { liveSummary } from './summary';
import { readTheme, type Theme, watchTheme } from './theme';
import { Toolbar } from './toolbar';

const QUIET = 15000; // ms between spoken summaries while a run goes on
const PACE = 200; // ms between drawings of new points: more than the eye needs would slow the rest of the notebook

/** Who shows the curves: the widget's model, or a saved record with no kernel behind it. */
export interface Host {
  send?: (message: Outgoing) => void;
  /** Options changed by hand: keep them. */
  keep?: (options: Options) => void;
  /** Whether Python wants to know about chosen steps. */
  selectable(): boolean;
  /** Whether the one run's name and state stand above the charts. */
  heading: boolean;
}

/** The whole view: controls, one readout line, and a grid of charts that share x range and cursor. */
export class CurvesView implements Actions, KeyActions {
  private readonly root = make('div', 'ftw-curves', '', { 'data-lm-suppress-shortcuts': 'true' });
  private readonly grid = make('div', 'ftw-curves-grid');
  private readonly spoken = make('div', 'ftw-curves-spoken', '', { 'aria-live': 'polite' });
  private readonly state: ViewState;
  private readonly toolbar: Toolbar;
  private readonly picker: Picker;
  private readonly runs: Runs;
  private readonly readout = new Readout();
  private readonly seen: IntersectionObserver;
  private readonly sized: ResizeObserver;
  private readonly unwatch: (() => void)[];
  private panels: Panel[] = [];
  private theme: Theme | null = null;
  private pointer: { panel: Panel; left: number; top: number } | null = null;
  private request = 0;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private drawnAt = Number.NEGATIVE_INFINITY;
  private built = '';
  private spokenAt = Number.NEGATIVE_INFINITY;

  constructor(
    parent: HTMLElement,
    private readonly store: Store,
    private readonly host: Host,
    options: Options,
  ) {
    this.state = new ViewState(options);
    const changed = (final: boolean) => {
      this.redraw();
      if (final) this.host.keep?.(this.state.options);
    };
    this.picker = new Picker((panel, open) => this.setOpen(panel, open));
    const whole = () => this.zoomTo(null);
    this.toolbar = new Toolbar(this.state, changed, whole, () => this.redraw(), this.picker.element);
    this.runs = new Runs(this.state, changed, () => this.redraw());
    const head = make('div', 'ftw-curves-head');
    this.runs.element.classList.toggle('ftw-curves-no-heading', !host.heading);
    head.append(this.runs.element, this.toolbar.element);
    this.readout.element.append(this.toolbar.reset);
    this.root.append(head, this.readout.element, this.grid, this.spoken);
    parent.append(this.root);
    this.seen = new IntersectionObserver(entries => this.see(entries), { rootMargin: '100px' });
    this.sized = new ResizeObserver(() => this.redraw());
    this.sized.observe(this.root);
    this.unwatch = [
      store.onChange(() => this.dataChanged()),
      watchTheme(() => {
        this.theme = null;
        this.redraw();
      }),
    ];
    this.redraw();
  }

  dispose(): void {
    cancelAnimationFrame(this.request);
    clearTimeout(this.waiting);
    this.seen.disconnect();
    this.sized.disconnect();
    this.picker.dispose();
    for (const end of this.unwatch) end();
    for (const panel of this.panels) panel.destroy();
    this.root.remove();
  }

  /** Options changed elsewhere (another view, Python). */
  setOptions(options: Options): void {
    Object.assign(this.state.options, options);
    this.redraw();
  }

  /** Show steps `from` to `to` and mark them. */
  reveal(from: number, to: number): void {
    const run = this.store.runs[0];
    if (!run?.rows) return;
    const xs = run.axes[this.state.options.axis].data;
    const [a, b] = [xs[run.rowOf(from)], xs[run.rowOf(to)]];
    const room = 0.5 * (b - a) || 10;
    this.state.selection = { from, to };
    this.zoomTo({ from: a - room, to: b + room });
  }

  /** Everything is drawn again in the next frame; charts that are off the screen wait until they are seen. */
  redraw(): void {
    for (const panel of this.panels) panel.stale = true;
    this.schedule();
  }

  // --- what pointer and keyboard ask for ---

  get selecting(): boolean {
    return this.state.selecting;
  }

  hover(panel: Panel, left: number, top: number): void {
    this.pointer = { panel, left, top };
    this.schedule();
  }

  leave(): void {
    this.pointer = null;
    this.state.cursor = null;
    this.schedule();
  }

  zoomTo(span: Span | null): void {
    if (span) {
      const { zoom } = this.state;
      this.state.zoom = null;
      const whole = xSpan(this.store, this.state);
      this.state.zoom = zoom;
      const width = Math.min(span.to - span.from, whole.to - whole.from);
      if (!(width > 0) || width < (whole.to - whole.from) * 1e-6) return;
      const from = Math.max(whole.from, Math.min(span.from, whole.to - width));
      this.state.zoom = width === whole.to - whole.from ? null : { from, to: from + width };
    } else this.state.zoom = null;
    this.redraw();
  }

  select(span: Span | null): void {
    const run = this.store.runs[0];
    const xs = run?.axes[this.state.options.axis].data;
    let steps: Span | null = null;
    if (span && run?.rows) {
      // The logged steps whose points lie inside.
      let first = 0;
      while (first < run.rows - 1 && xs[first] < span.from) first++;
      let last = first;
      while (last < run.rows - 1 && xs[last + 1] <= span.to) last++;
      steps = { from: run.axes.step.data[first], to: run.axes.step.data[last] };
    }
    this.choose(steps);
  }

  pick(): void {
    this.follow();
    const { cursor } = this.state;
    if (!cursor || !this.host.selectable()) return;
    const step = this.store.runs[cursor.run].axes.step.data[cursor.row];
    this.state.picked = { run: cursor.run, step };
    this.host.send?.({ type: 'pick', step, run: cursor.run });
    this.schedule();
  }

  clear(): void {
    if (this.state.selection) this.choose(null);
    this.state.picked = null;
    this.state.cursor = null;
    this.schedule();
  }

  visible(): Span {
    return xSpan(this.store, this.state);
  }

  cursorX(): number | null {
    return this.state.cursor?.x ?? null;
  }

  step(panel: Panel, by: number): void {
    const line = panel.lines[0];
    if (!line) return;
    const { series, xs } = line;
    const { cursor } = this.state;
    const now = cursor ? series.nearest(xs, cursor.x) : by > 0 ? -1 : series.length;
    const point = Math.max(0, Math.min(series.length - 1, now + by));
    const row = series.at.data[point];
    this.pointer = null;
    this.state.cursor = { x: xs[row], run: line.runIndex, row, panel: panel.spec.id, keyboard: true };
    const { zoom } = this.state;
    if (zoom && (xs[row] < zoom.from || xs[row] > zoom.to)) {
      const half = (zoom.to - zoom.from) / 2;
      this.zoomTo({ from: xs[row] - half, to: xs[row] + half });
    }
    this.schedule();
  }

  extend(panel: Panel, by: number): void {
    const stepOf = () => {
      const { cursor } = this.state;
      return cursor && this.store.runs[cursor.run].axes.step.data[cursor.row];
    };
    const before = stepOf();
    this.step(panel, by);
    const after = stepOf();
    if (before === null || after === null) return;
    const { selection } = this.state;
    const anchor = selection ? (selection.from === before ? selection.to : selection.from) : before;
    this.choose({ from: Math.min(anchor, after), to: Math.max(anchor, after) });
  }

  // --- drawing ---

  private choose(steps: Span | null): void {
    this.state.selection = steps;
    if (steps && this.host.selectable())
      this.host.send?.({ type: 'select', from_step: steps.from, to_step: steps.to });
    this.schedule();
  }

  /** New points came: draw them, but not more often than a person can see. */
  private dataChanged(): void {
    if (this.waiting) return;
    const wait = this.drawnAt + PACE - performance.now();
    this.root.dataset.pending = '';
    this.waiting = setTimeout(
      () => {
        this.waiting = undefined;
        this.drawnAt = performance.now();
        this.redraw();
      },
      Math.max(0, wait),
    );
  }

  private schedule(): void {
    if (!this.request) this.request = requestAnimationFrame(() => this.frame());
  }

  private frame(): void {
    this.request = 0;
    if (!this.root.isConnected) return;
    if (!this.waiting) delete this.root.dataset.pending;
    this.theme ??= readTheme(this.root);
    this.build();
    this.toolbar.update(this.store.offered, this.host.selectable());
    this.picker.update(this.store.panels, panel => this.isOpen(panel));
    this.runs.update(this.store);
    this.root.classList.toggle('ftw-curves-overlaid', this.store.runs.length > 1);
    for (const panel of this.panels) {
      if (panel.stale) panel.gather();
      if (panel.stale && panel.visible) panel.draw(this.theme);
    }
    this.follow();
    for (const panel of this.panels) if (panel.visible) panel.point(this.theme);
    this.readout.update(this.store, this.state, this.panels);
    this.runs.read(this.panels);
    this.speak();
  }

  /** Put the cursor on the point under the pointer. */
  private follow(): void {
    if (!this.pointer) return;
    const { panel, left, top } = this.pointer;
    const found = hit(panel.lines, panel.plot, left, top);
    if (!found) return;
    const row = found.line.series.at.data[found.point];
    this.state.cursor = {
      x: found.line.xs[row],
      run: found.line.runIndex,
      row,
      panel: panel.spec.id,
      keyboard: false,
    };
  }

  /** One chart for every panel that is open and has something to show. */
  private build(): void {
    const open = this.store.panels.filter(panel => this.isOpen(panel));
    const key = JSON.stringify([open.map(panel => panel.id), this.store.shape]);
    if (key === this.built) return;
    this.built = key;
    const old = new Map(this.panels.map(panel => [panel.spec.id, panel]));
    this.panels = open.map(spec => {
      const kept = old.get(spec.id);
      if (kept && JSON.stringify(kept.spec) === JSON.stringify(spec)) {
        old.delete(spec.id);
        return kept;
      }
      const panel = new Panel(spec, this.store, this.state, () => this.setOpen(spec, false));
      listen(panel, panel.holder, this);
      panel.element.addEventListener('keydown', event => {
        if (event.target !== panel.element || !handleKey(event, panel, this)) return;
        event.preventDefault();
        event.stopPropagation();
      });
      return panel;
    });
    for (const panel of old.values()) {
      this.seen.unobserve(panel.element);
      panel.destroy();
    }
    this.panels.forEach((panel, i) => {
      if (this.grid.children[i] !== panel.element)
        this.grid.insertBefore(panel.element, this.grid.children[i] ?? null);
      this.seen.observe(panel.element);
    });
  }

  private isOpen(panel: PanelSpec): boolean {
    return this.state.options.open[panel.id] ?? panel.open;
  }

  private setOpen(panel: PanelSpec, open: boolean): void {
    this.state.options.open = { ...this.state.options.open, [panel.id]: open };
    this.host.keep?.(this.state.options);
    this.redraw();
  }

  private see(entries: IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      const panel = this.panels.find(p => p.element === entry.target);
      if (panel) panel.visible = entry.isIntersecting;
    }
    this.schedule();
  }

  private speak(): void {
    const { cursor } = this.state;
    if (cursor?.keyboard) {
      const { marks, axes } = this.store.runs[cursor.run];
      const here = marks.filter(mark => mark.step === axes.step.data[cursor.row]);
      setText(this.spoken, [this.readout.text, describe(here)].filter(Boolean).join('. '));
      return;
    }
    const now = performance.now();
    if (now - this.spokenAt < QUIET || !this.panels.length) return;
    this.spokenAt = now;
    setText(this.spoken, liveSummary(this.store, this.panels));
  }
}
