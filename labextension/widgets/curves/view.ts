import { watchTheme } from '../page_theme';
import { shield } from '../shield';
import { make, setText } from './dom';
import { listen } from './gestures';
import { Interaction, type Listener } from './interaction';
import { handleKey } from './keys';
import { describe } from './marks';
import { Panel } from './panel';
import { Picker } from './picker';
import { Readout } from './readout';
import { Runs } from './runs';
import { type Options, ViewState } from './state';
import type { PanelSpec, Store } from './store';
import { liveSummary } from './summary';
import { readTheme, type Theme } from './theme';
import { Toolbar } from './toolbar';

const QUIET = 15000; // ms between spoken summaries while a run goes on
// ms between drawings of new points: curves are seen to move. Training may need the same processor, so the page rests
// many times as long as the last drawing took, layout and painting included; on a busy machine that is longer.
const PACE = 2000;
const SLOWEST = 4000;
const REST = 150;

/** Who shows the curves: the widget's model, or a saved record with no kernel behind it. */
export interface Host extends Listener {
  /** Options changed by hand: keep them. */
  keep?: (options: Options) => void;
  /** Whether the one run's name and state stand above the charts. */
  heading: boolean;
}

/** The whole view: controls, one readout line, and a grid of charts that share x range and cursor. */
export class CurvesView {
  readonly element = make('div', 'ftw-curves');
  private readonly grid = make('div', 'ftw-curves-grid');
  private readonly spoken = make('div', 'ftw-curves-spoken', '', { 'aria-live': 'polite' });
  private readonly state: ViewState;
  readonly hand: Interaction;
  private readonly toolbar: Toolbar;
  private readonly picker: Picker;
  private readonly runs: Runs;
  private readonly readout = new Readout();
  private readonly seen: IntersectionObserver;
  private readonly sized: ResizeObserver;
  private readonly unwatch: (() => void)[];
  private panels: Panel[] = [];
  private theme: Theme | null = null;
  private request = 0;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private drawnAt = Number.NEGATIVE_INFINITY;
  private took = 0; // ms of the last drawing, until it was painted
  private built = '';
  private spokenAt = Number.NEGATIVE_INFINITY;

  constructor(
    parent: HTMLElement,
    private readonly store: Store,
    private readonly host: Host,
    options: Options,
  ) {
    this.state = new ViewState(options);
    const { state } = this;
    this.hand = new Interaction(
      store,
      state,
      host,
      () => this.redraw(),
      () => this.schedule(),
    );
    const changed = (final: boolean) => {
      this.redraw();
      if (final) this.host.keep?.(this.state.options);
    };
    this.picker = new Picker((panel, open) => this.setOpen(panel, open));
    const whole = () => this.hand.zoomTo(null);
    this.toolbar = new Toolbar(this.state, changed, whole, () => this.redraw(), this.picker.element);
    this.runs = new Runs(this.state, changed, () => this.redraw());
    const head = make('div', 'ftw-curves-head');
    this.runs.element.classList.toggle('ftw-curves-no-heading', !host.heading);
    head.append(this.runs.element, this.toolbar.element);
    this.readout.element.append(this.toolbar.reset);
    this.element.append(head, this.readout.element, this.grid, this.spoken);
    parent.append(this.element);
    this.seen = new IntersectionObserver(entries => this.see(entries), { rootMargin: '100px' });
    this.sized = new ResizeObserver(() => this.redraw());
    this.sized.observe(this.element);
    this.unwatch = [
      shield(this.element),
      store.onChange(rare => this.dataChanged(rare)),
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
    this.element.remove();
  }

  /** Options changed elsewhere (another view, Python). */
  setOptions(options: Options): void {
    Object.assign(this.state.options, options);
    this.redraw();
  }

  /** How far from the screen's middle the charts are, in pixels. */
  get away(): number {
    const { top, bottom } = this.element.getBoundingClientRect();
    return Math.max(0, top - window.innerHeight / 2, window.innerHeight / 2 - bottom);
  }

  /** Zoom to steps and mark them; open the charts of these metrics and, to `bring` it there, go to the first. */
  show(from: number, to: number, metrics: string[], bring: boolean): void {
    const meant = this.store.panels.filter(panel => panel.metrics.some(m => metrics.includes(m.name)));
    for (const panel of meant) if (!this.isOpen(panel)) this.setOpen(panel, true);
    this.hand.reveal(from, to);
    if (!bring) return;
    this.build();
    const first = this.panels.find(panel => panel.spec.id === meant[0]?.id);
    // Focus takes the keyboard along; the page scrolls only if the chart is not in sight.
    first?.element.focus({ preventScroll: true });
    (first?.element ?? this.element).scrollIntoView({ block: 'nearest' });
  }

  /** Everything is drawn again in the next frame; charts that are off the screen wait until they are seen. */
  redraw(): void {
    for (const panel of this.panels) panel.stale = true;
    this.schedule();
  }

  /** New points came: draw them in their turn, and what is rare at once. */
  private dataChanged(rare: boolean): void {
    if (this.waiting && !rare) return;
    clearTimeout(this.waiting);
    const pace = rare ? 0 : Math.min(SLOWEST, Math.max(PACE, REST * this.took));
    const wait = this.drawnAt + pace - performance.now();
    this.element.toggleAttribute('data-pending', true);
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
    if (!this.element.isConnected) return;
    const begun = performance.now();
    this.theme ??= readTheme(this.element);
    this.build();
    this.toolbar.update(this.store.offered, this.host.selectable());
    this.picker.update(this.store.panels, panel => this.isOpen(panel));
    this.runs.update(this.store);
    this.element.classList.toggle('ftw-curves-overlaid', this.store.runs.length > 1);
    for (const panel of this.panels) {
      if (panel.stale) panel.gather();
      if (panel.stale && panel.visible) panel.draw(this.theme);
    }
    this.hand.follow();
    for (const panel of this.panels) if (panel.visible) panel.point(this.theme);
    this.readout.update(this.store, this.state, this.panels);
    this.runs.read(this.panels);
    this.speak();
    setTimeout(() => {
      this.took = performance.now() - begun;
    });
    this.element.toggleAttribute(
      'data-pending',
      !!this.waiting || this.panels.some(panel => panel.visible === null),
    );
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
      listen(panel, panel.holder, this.hand);
      panel.element.addEventListener('keydown', event => {
        if (event.target !== panel.element || !handleKey(event, panel, this.hand)) return;
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
