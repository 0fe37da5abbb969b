import type { Series } from './series';
import type { Span, ViewState } from './state';
import type { Metric, PanelSpec, RunData, Store } from './store';
import { SERIES_COLORS } from './theme';

/** One curve of a panel. */
export interface Line {
  metric: Metric;
  run: RunData;
  runIndex: number;
  series: Series;
  /** x of every row of the run, on the current axis. */
  xs: Float64Array;
  /** Index into the theme's series colours, and into the marker shapes: never colour alone. */
  color: number;
  shape: number;
}

/** The curves of a panel that have points and are not hidden. With several runs a colour means a run. */
export function linesOf(panel: PanelSpec, store: Store, state: ViewState): Line[] {
  const lines: Line[] = [];
  const several = store.runs.length > 1;
  const groups = [...new Set(panel.metrics.map(metric => metric.label))];
  store.runs.forEach((run, runIndex) => {
    if (several && state.options.hidden.includes(run.info.id)) return;
    for (const metric of panel.metrics) {
      const series = run.series.get(metric.name);
      if (!series?.length) continue;
      const index = several ? runIndex : groups.indexOf(metric.label);
      const xs = run.axes[state.options.axis].data;
      lines.push({ metric, run, runIndex, series, xs, color: index % SERIES_COLORS, shape: index });
    }
  });
  return lines;
}

/** The stretch of x to draw: the zoom, or everything that the shown runs have. */
export function xSpan(store: Store, state: ViewState): Span {
  if (state.zoom) return state.zoom;
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const run of store.runs) {
    if (!run.rows || (store.runs.length > 1 && state.options.hidden.includes(run.info.id))) continue;
    const xs = run.axes[state.options.axis].data;
    from = Math.min(from, xs[0]);
    to = Math.max(to, xs[run.rows - 1]);
  }
  if (from > to) return { from: 0, to: 1 };
  return from === to ? { from: from - 0.5, to: to + 0.5 } : { from, to };
}

/** The run whose steps a stretch of x is read in: with several, the shown one that went furthest. */
export function reference({ runs }: Store, { options }: ViewState): RunData | undefined {
  const shown = runs.filter(run => runs.length === 1 || !options.hidden.includes(run.info.id));
  return shown.reduce((a, b) => (b.lastX('step') > a.lastX('step') ? b : a), shown[0]);
}

/** Indices `[first, end)` of the points of a line inside a span. */
export function inside(line: Line, span: Span): [number, number] {
  const { series, xs } = line;
  const first = series.seek(xs, span.from);
  let end = series.seek(xs, span.to, first);
  while (end < series.length && xs[series.at.data[end]] === span.to) end++;
  return [first, end];
}
