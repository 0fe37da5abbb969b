import type { Axis } from './store';

/** What a person has set; Python keeps it, so that a reload shows the same view. */
export interface Options {
  axis: Axis;
  /** Weight beta of the moving average; 0 is off. */
  smoothing: number;
  log: boolean;
  cap: boolean;
  /** Panels opened or closed by hand, by id. */
  open: Record<string, boolean>;
  /** Ids of the runs that are not shown. */
  hidden: string[];
}

export const DEFAULTS: Options = {
  axis: 'step',
  smoothing: 0.6,
  log: false,
  cap: false,
  open: {},
  hidden: [],
};

/** A point under the pointer or the keyboard cursor. */
export interface Cursor {
  /** Position on the current x axis, always that of a logged row. */
  x: number;
  run: number;
  row: number;
  panel: string;
  keyboard: boolean;
}

export interface Span {
  from: number;
  to: number;
}

/** Everything that all panels share while one view is open. */
export class ViewState {
  /** Visible stretch of the x axis; null shows everything. */
  zoom: Span | null = null;
  cursor: Cursor | null = null;
  /** Chosen steps (not x values: they survive a change of axis). */
  selection: Span | null = null;
  picked: { run: number; step: number } | null = null;
  /** Run that the legend points at: the others fade. */
  emphasis: number | null = null;
  selecting = false;

  constructor(public options: Options) {}
}
