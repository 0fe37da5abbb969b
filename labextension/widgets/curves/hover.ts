import type { Line } from './lines';
import { xPixel, yPixel } from './paint';
import type { Plot } from './plot';

const REACH = 3; // pixels to each side in which a spike of a dense curve can be caught

export interface Hit {
  line: Line;
  point: number;
}

/**
 * The point that a pointer at (left, top) means: the nearest in x of the curve that is nearest in y. Where many steps
 * share a pixel the extremes around the pointer count too, so that the tip of a one-step spike can be read.
 */
export function hit(lines: Line[], plot: Plot, left: number, top: number): Hit | null {
  const candidates: { hit: Hit; dx: number; dy: number }[] = [];
  const frame = plot.overFrame(false);
  const x = frame.x.from + (left / frame.width) * (frame.x.to - frame.x.from);
  const reach = (REACH / frame.width) * (frame.x.to - frame.x.from);
  for (const line of lines) {
    const { series, xs } = line;
    const nearest = series.nearest(xs, x);
    const points = [nearest];
    const from = series.seek(xs, x - reach);
    const to = series.seek(xs, x + reach, from);
    if (to - from > 2) {
      series.extremes.extend();
      series.extremes.find(from, to);
      points.push(series.extremes.low, series.extremes.high);
    }
    const side = plot.overFrame(!!line.metric.right);
    for (const point of points) {
      const dx = xPixel(side, xs[series.at.data[point]]) - left;
      const dy = yPixel(side, series.y.data[point]) - top;
      candidates.push({ hit: { line, point }, dx: Math.abs(dx), dy: Math.abs(dy) });
    }
  }
  if (!candidates.length) return null;
  const nearest = Math.min(...candidates.map(c => c.dx));
  const near = candidates.filter(c => c.dx <= nearest + REACH + 0.5);
  near.sort((a, b) => a.dx + 0.5 * a.dy - (b.dx + 0.5 * b.dy));
  return near[0].hit;
}

/** The point of a line to read at `x`: the nearest one, and whether it stands exactly there. */
export function reading(line: Line, x: number): { point: number; exact: boolean } | null {
  const point = line.series.nearest(line.xs, x);
  if (point < 0) return null;
  return { point, exact: line.xs[line.series.at.data[point]] === x };
}
