import { show } from './format';
import type { Line } from './lines';
import type { Store } from './store';

/** One chart in words: what it holds and where each curve stands. */
export function panelSummary(title: string, lines: Line[]): string {
  if (!lines.length) return `${title}: no points yet.`;
  const said = lines.slice(0, 6).map(line => {
    const { series, run, metric } = line;
    const last = series.length - 1;
    series.extremes.extend();
    series.extremes.find(0, series.length);
    const step = (point: number) => run.axes.step.data[series.at.data[point]];
    const value = (point: number) => show(series.y.data[point]);
    const name = metric.eval ? `${metric.label} in evaluation` : metric.label;
    const whose = run.info.name && lines.some(other => other.run !== run) ? ` of ${run.info.name}` : '';
    return (
      `${name}${whose}: ${value(last)} at step ${step(last)}, ` +
      `lowest ${value(series.extremes.low)} at step ${step(series.extremes.low)}, ` +
      `highest ${value(series.extremes.high)} at step ${step(series.extremes.high)}`
    );
  });
  return `${title}. ${said.join('; ')}. Arrow keys read points, plus and minus zoom.`;
}

/** The state of the runs in one sentence each, for a live region. */
export function liveSummary(store: Store, open: { lines: Line[] }[]): string {
  return store.runs
    .map(run => {
      if (!run.rows) return `${run.info.name} ${run.info.status}: no step logged yet.`;
      const latest = open
        .flatMap(panel => panel.lines.filter(line => line.run === run && !line.metric.eval).slice(0, 1))
        .slice(0, 3)
        .map(({ metric, series }) => `${metric.label} ${show(series.y.data[series.length - 1])}`);
      return `${run.info.name} ${run.info.status}, step ${run.lastX('step')}: ${latest.join(', ')}.`;
    })
    .join(' ');
}
