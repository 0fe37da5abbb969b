import { Floats } from './growing';
import { lowerBound, Series } from './series';

/** The columns that can be the x axis, with the words for them. */
export const AXES = { step: 'Step', epoch: 'Epoch', num_tokens: 'Tokens', time: 'Time' } as const;
export type Axis = keyof typeof AXES;
const AXIS_NAMES = Object.keys(AXES) as Axis[];

/** Something that happened at a step: a checkpoint, an evaluation, a pause, a health note. */
export interface Mark {
  kind: string;
  step: number;
  text: string;
  /** Last step of the evidence, where a note has a stretch of it. */
  until?: number;
}

export interface RunInfo {
  id: string;
  name: string;
  status: string;
}

/** A metric of a panel. */
export interface Metric {
  name: string;
  label: string;
  /** Logged by evaluation: drawn dashed, never smoothed. */
  eval?: boolean;
  /** Measured on the right-hand axis. */
  right?: boolean;
}

/** Metrics that are read together. Python decides which (ftwidgets/widgets/panels.py); we draw. */
export interface PanelSpec {
  id: string;
  title: string;
  metrics: Metric[];
  open: boolean;
  /** Zero belongs to the picture and has its own line. */
  zero?: boolean;
  /** Fixed ends of an axis (accuracy: 0 to 1). */
  range?: [number, number];
  rightRange?: [number, number];
  /** Share of its values that the left axis spans at least. */
  least?: number;
  /** Smoothing would say nothing here (learning rate, memory). */
  plain?: boolean;
}

/** What a run has logged, as far as this page knows. */
export class RunData {
  info: RunInfo = { id: '', name: '', status: '' };
  columns: string[] = [];
  /** Rows received: the next append must start here. */
  held = 0;
  /** Rows kept: fewer than `held` where a resumed run repeated steps. */
  rows = 0;
  marks: Mark[] = [];
  /** x of every kept row, ascending, by axis. */
  readonly axes: Record<Axis, Floats> = {
    step: new Floats(),
    epoch: new Floats(),
    num_tokens: new Floats(),
    time: new Floats(),
  };
  readonly series = new Map<string, Series>();

  clear(): void {
    this.held = 0;
    this.truncate(Number.NEGATIVE_INFINITY);
  }

  /**
   * Add rows that start at row `start` of the run's history; what is held already is passed over.
   * `present` are the columns in `values`, which holds one column after the other. Returns false when rows are missing
   * in between (then nothing is added).
   */
  append(start: number, present: number[], values: Float64Array): boolean {
    const count = present.length ? values.length / present.length : 0;
    if (start > this.held || present.some(column => column >= this.columns.length)) return false;
    const skip = this.held - start;
    if (skip >= count) return true;
    const columns = new Map<string, Float64Array>();
    present.forEach((column, i) => {
      columns.set(this.columns[column], values.subarray(i * count, (i + 1) * count));
    });
    // A run that goes on from a checkpoint repeats steps: what it logs now replaces what stood there.
    const steps = columns.get('step');
    let from = skip;
    for (let i = skip; steps && i < count; i++) {
      const before = i > from ? steps[i - 1] : this.lastX('step');
      if (steps[i] < before) {
        this.take(columns, from, i);
        this.truncate(steps[i]);
        from = i;
      }
    }
    this.take(columns, from, count);
    this.held = start + count;
    return true;
  }

  lastX(axis: Axis): number {
    const xs = this.axes[axis];
    return xs.length ? xs.data[xs.length - 1] : Number.NEGATIVE_INFINITY;
  }

  /** Row of the first logged step that is at least `step` (the last row when there is none). */
  rowOf(step: number): number {
    return Math.min(lowerBound(this.axes.step.data, step, 0, this.rows), this.rows - 1);
  }

  private take(columns: Map<string, Float64Array>, from: number, to: number): void {
    const first = this.rows;
    for (const axis of AXIS_NAMES) {
      const xs = this.axes[axis];
      const values = columns.get(axis);
      xs.reserve(first + to - from);
      let x = first ? xs.data[first - 1] : 0;
      for (let i = from; i < to; i++) {
        const value = values ? values[i] : Number.NaN;
        if (value > x) x = value; // evaluation rows have no token count: they stand where training stood
        xs.push(x);
      }
    }
    for (const [name, values] of columns) {
      if (name === 'step' || name === 'epoch' || name === 'time') continue;
      let series = this.series.get(name);
      if (!series) {
        series = new Series();
        this.series.set(name, series);
      }
      series.y.reserve(series.length + to - from);
      for (let i = from; i < to; i++) {
        if (Number.isFinite(values[i])) series.push(first + i - from, values[i]);
      }
    }
    this.rows = first + to - from;
  }

  private truncate(step: number): void {
    const row = lowerBound(this.axes.step.data, step, 0, this.rows);
    this.rows = row;
    for (const axis of AXIS_NAMES) this.axes[axis].length = row;
    for (const series of this.series.values()) series.truncate(row);
  }
}

/** The runs of one widget and the panels that show them. */
export class Store {
  runs: RunData[] = [];
  panels: PanelSpec[] = [];
  /** Increases when panels, columns or runs change, so that views rebuild what depends on them. */
  shape = 0;
  private readonly listeners = new Set<(rare: boolean) => unknown>();

  onChange(listener: (rare: boolean) => unknown): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** With `rare`, more than steps has come: a mark, or another state of a run. */
  changed(rare = false): void {
    for (const listener of this.listeners) listener(rare);
  }

  /** Axes that this data can be drawn over. */
  get offered(): Axis[] {
    return AXIS_NAMES.filter(axis => axis === 'step' || this.runs.some(run => run.lastX(axis) > 0));
  }
}
