import type { Floats } from './growing';
import { inside, type Line } from './lines';
import type { Pyramid } from './pyramid';
import type { Span } from './state';

/** Where and how values become canvas pixels. */
export interface Frame {
  left: number;
  top: number;
  width: number;
  height: number;
  x: Span;
  y: [number, number];
  log: boolean;
  /** Device pixels per CSS pixel. */
  scale: number;
}

/** Up to this many visible points each is marked as well. */
const DOTS = 48;

export function yPixel(frame: Frame, value: number): number {
  const [low, high] = frame.y;
  if (frame.log && value <= 0) return frame.top + frame.height;
  const part = frame.log
    ? (Math.log10(value) - Math.log10(low)) / (Math.log10(high) - Math.log10(low))
    : (value - low) / (high - low);
  // Values far outside (outlier cap, zoom) stay within what canvas coordinates can hold.
  return frame.top + frame.height * (1 - Math.min(3, Math.max(-2, part)));
}

export function xPixel(frame: Frame, x: number): number {
  return frame.left + (frame.width * (x - frame.x.from)) / (frame.x.to - frame.x.from);
}

/** The curve of values `y` with their extremes, one segment per point or, when dense, min and max of each pixel column. */
export function trace(frame: Frame, line: Line, y: Floats, extremes: Pyramid): Path2D {
  const path = new Path2D();
  const { series, xs } = line;
  const at = series.at.data;
  let [first, end] = inside(line, frame.x);
  // One neighbour on each side, so that the line runs to the edges.
  first = Math.max(0, first - 1);
  end = Math.min(series.length, end + 1);
  let pen = false;
  const to = (x: number, value: number) => {
    if (frame.log && value <= 0) {
      pen = false;
      return;
    }
    const py = yPixel(frame, value);
    if (pen) path.lineTo(x, py);
    else path.moveTo(x, py);
    pen = true;
  };
  if (end - first <= 2 * frame.width) {
    for (let i = first; i < end; i++) to(xPixel(frame, xs[at[i]]), y.data[i]);
    return path;
  }
  to(xPixel(frame, xs[at[first]]), y.data[first]);
  const perPixel = (frame.x.to - frame.x.from) / frame.width;
  let i = first + 1;
  for (let column = 0; column < frame.width && i < end; column++) {
    const next =
      column === frame.width - 1 ? end : series.seek(xs, frame.x.from + (column + 1) * perPixel, i);
    if (next === i) continue;
    extremes.find(i, next);
    const { low, high } = extremes;
    const x = frame.left + column + 0.5;
    to(x, y.data[Math.min(low, high)]);
    if (low !== high) to(x, y.data[Math.max(low, high)]);
    i = next;
  }
  return path;
}

/** Triangles at the edge above (or below) where values lie outside the axis: capped is not hidden. */
export function outliers(context: CanvasRenderingContext2D, frame: Frame, line: Line): void {
  const { series, xs } = line;
  const [first, end] = inside(line, frame.x);
  const size = 4 * frame.scale;
  const columns = Math.max(1, Math.floor(frame.width / (2 * size)));
  const wide = (frame.x.to - frame.x.from) / columns;
  let i = first;
  for (let column = 0; column < columns && i < end; column++) {
    const next = column === columns - 1 ? end : series.seek(xs, frame.x.from + (column + 1) * wide, i);
    if (next === i) continue;
    series.extremes.find(i, next);
    const x = frame.left + (2 * column + 1) * size;
    if (series.y.data[series.extremes.high] > frame.y[1]) triangle(context, x, frame.top + 1, size);
    if (series.y.data[series.extremes.low] < frame.y[0])
      triangle(context, x, frame.top + frame.height - 1, -size);
    i = next;
  }
}

function triangle(context: CanvasRenderingContext2D, x: number, tip: number, size: number): void {
  context.beginPath();
  context.moveTo(x, tip);
  context.lineTo(x - size * 0.7, tip + size * 1.2);
  context.lineTo(x + size * 0.7, tip + size * 1.2);
  context.fill();
}

/** A mark on each point where few are visible. Evaluation points are rings. */
export function dots(context: CanvasRenderingContext2D, frame: Frame, line: Line, back: string): void {
  const [first, end] = inside(line, frame.x);
  if (end - first > DOTS) return;
  const radius = (line.metric.eval ? 2.6 : 1.7) * frame.scale;
  for (let i = first; i < end; i++) {
    const value = line.series.y.data[i];
    if (frame.log && value <= 0) continue;
    context.beginPath();
    context.arc(xPixel(frame, line.xs[line.series.at.data[i]]), yPixel(frame, value), radius, 0, 7);
    if (line.metric.eval) {
      context.fillStyle = back;
      context.fill();
      context.setLineDash([]);
      context.stroke();
    } else context.fill();
  }
}
