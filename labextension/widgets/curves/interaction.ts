import type { Actions } from './gestures';
import { hit } from './hover';
import type { KeyActions } from './keys';
import { reference, xSpan } from './lines';
import type { Panel } from './panel';
import type { Outgoing } from './protocol';
import type { Span, ViewState } from './state';
import type { Store } from './store';

/** Who shows the curves, as far as a hand can reach it. */
export interface Listener {
  send?: (message: Outgoing) => void;
  /** Whether Python wants to know about chosen steps. */
  selectable(): boolean;
}

/** What pointer and keyboard do: move the cursor, zoom all charts, choose steps and tell Python. */
export class Interaction implements Actions, KeyActions {
  private pointer: { panel: Panel; left: number; top: number } | null = null;

  constructor(
    private readonly store: Store,
    private readonly state: ViewState,
    private readonly host: Listener,
    /** Draw everything anew. */
    private readonly redraw: () => void,
    /** Show the cursor and what is chosen. */
    private readonly schedule: () => void,
  ) {}

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
    const run = reference(this.store, this.state);
    let steps: Span | null = null;
    if (span && run?.rows) {
      const xs = run.axes[this.state.options.axis].data;
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

  /** Show steps `from` to `to` and mark them. */
  reveal(from: number, to: number): void {
    const run = reference(this.store, this.state);
    if (!run?.rows) return;
    const xs = run.axes[this.state.options.axis].data;
    const [a, b] = [xs[run.rowOf(from)], xs[run.rowOf(to)]];
    const room = 0.5 * (b - a) || 10;
    this.state.selection = { from, to };
    this.zoomTo({ from: a - room, to: b + room });
  }

  /** Put the cursor on the point under the pointer. */
  follow(): void {
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

  private choose(steps: Span | null): void {
    this.state.selection = steps;
    if (steps && this.host.selectable())
      this.host.send?.({ type: 'select', from_step: steps.from, to_step: steps.to });
    this.schedule();
  }
}
