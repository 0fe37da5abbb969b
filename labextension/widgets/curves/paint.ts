import type { Floats } from './growing';
import { inside, type Line } from './lines';
import { FAN, type Pyramid } from './pyramid';
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

/** A curve ready to be stroked. */
export interface Trace {
  path: Path2D;
  segments: number;
}

/**
 * The curve of values `y` with their extremes: one segment per point or, where points are dense, minimum and maximum
 * of each column, which is `wide` pixels wide.
 */
export function trace(frame: Frame, line: Line, y: Floats, extremes: Pyramid, wide = 1): Trace {
  const path = new Path2D();
  const { series, xs } = line;
  const at = series.at.data;
  let [first, end] = inside(line, frame.x);
  // One neighbour on each side, so that the line runs to the edges.
  first = Math.max(0, first - 1);
  end = Math.min(series.length, end + 1);
  let segments = 0;
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
    segments++;
  };
  const columns = Math.ceil(frame.width / wide);
  if (end - first <= 2 * columns) {
    for (let i = first; i < end; i++) to(xPixel(frame, xs[at[i]]), y.data[i]);
    return { path, segments };
  }
  to(xPixel(frame, xs[at[first]]), y.data[first]);
  const perColumn = ((frame.x.to - frame.x.from) / frame.width) * wide;
  let i = first + 1;
  for (let column = 0; column < columns && i < end; column++) {
    let next = column === columns - 1 ? end : series.seek(xs, frame.x.from + (column + 1) * perColumn, i);
    if (next === i) continue;
    // Where a column has hundreds of points, a border moved by less than an eighth of it spares the uneven ends.
    let even = 1;
    while (next < end && even * FAN * FAN <= next - i) even *= FAN;
    next -= next % even;
    extremes.find(i, next);
    const { low, high } = extremes;
    const x = Math.min(frame.left + (column + 0.5) * wide, frame.left + frame.width);
    to(x, y.data[Math.min(low, high)]);
    if (low !== high) to(x, y.data[Math.max(low, high)]);
    i = next;
  }
  return { path, segments };
}

const MANY = 200;

/**
 * Stroke a curve `width` pixels wide. Where no graphics card helps, a line wider than one pixel costs ten times one
 * that is not: so a curve of many segments is stroked as two or three fine lines above each other.
 */
export function stroke(context: CanvasRenderingContext2D, { path, segments }: Trace, width: number): void {
  if (segments <= MANY || width <= 1) {
    context.lineWidth = width;
    context.stroke(path);
    return;
  }
  const strands = Math.max(2, Math.round(width));
  context.lineWidth = 1;
  for (let strand = 0; strand < strands; strand++) {
    const offset = (strand / (strands - 1) - 0.5) * (width - 1);
    context.translate(0, offset);
    context.stroke(path);
    context.translate(0, -offset);
  }
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

/** Draw what must not reach out of the plot. */
export function clipped(context: CanvasRenderingContext2D, frame: Frame, draw: () => void): void {
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  draw();
  context.restore();
}

/** A mark on each point where few are visible. Evaluation points are rings. */
export function dots(context: CanvasRenderingContext2D, frame: Frame, line: Line, back: string): void {
  const [first, end] = inside(line, frame.x);
  if (end - first > DOTS) return;
  const radius = (line.metric.eval ? 2.6 : 1.7) * frame.scale;
  for (let i = first; i < end; i++) {
    const value = line.series.y.data[i];
    if (!(value >= frame.y[0] && value <= frame.y[1])) continue;
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
