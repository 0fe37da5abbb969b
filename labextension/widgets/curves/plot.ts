import { make } from './dom';
import { duration, tickLabels } from './format';
import { type Frame, xPixel, yPixel } from './paint';
import type { Span } from './state';
import type { Axis } from './store';
import type { Theme } from './theme';
import { clockTicks, linearTicks, logTicks } from './ticks';

/** Height of the strip between the plot and the labels below it, where events stand. */
export const STRIP = 13;
const ROOM = { left: 46, right: 10, rightAxis: 46, top: 6, bottom: STRIP + 18 };
const APART = { x: 58, y: 30 }; // CSS pixels between ticks

export interface Scales {
  axis: Axis;
  x: Span;
  y: [number, number];
  yLog: boolean;
  right: [number, number] | null;
}

/** Canvas, axes and grid of one chart. Sizes are fixed: nothing moves while numbers grow. */
export class Plot {
  private readonly canvas = make('canvas', 'ftw-curves-canvas', '', { 'aria-hidden': 'true' });
  /** The area of the curves, for what moves over them. */
  readonly over = make('div', 'ftw-curves-over');
  private scales: Scales = { axis: 'step', x: { from: 0, to: 1 }, y: [0, 1], yLog: false, right: null };
  private width = 0;
  private height = 0;
  private scale = 1;

  constructor(parent: HTMLElement) {
    parent.append(this.canvas, this.over);
  }

  draw(
    scales: Scales,
    width: number,
    height: number,
    theme: Theme,
    paint: (context: CanvasRenderingContext2D) => void,
  ): void {
    const context = this.canvas.getContext('2d');
    if (!context) return;
    this.scales = scales;
    this.size(width, height);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.save();
    this.axes(context, theme);
    context.restore();
    context.save();
    paint(context);
    context.restore();
  }

  /** Where values land on the canvas, for one of the two y axes. */
  frame(right: boolean): Frame {
    const { left, top, width, height } = this.overFrame(right);
    const s = this.scale;
    return {
      ...this.overFrame(right),
      left: (left + ROOM.left) * s,
      top: (top + ROOM.top) * s,
      width: width * s,
      height: height * s,
      scale: s,
    };
  }

  /** The same in CSS pixels of the area over the plot. */
  overFrame(right: boolean): Frame {
    const { scales } = this;
    return {
      left: 0,
      top: 0,
      width: this.width - ROOM.left - (scales.right ? ROOM.rightAxis : ROOM.right),
      height: this.height - ROOM.top - ROOM.bottom,
      x: scales.x,
      y: right && scales.right ? scales.right : scales.y,
      log: !right && scales.yLog,
      scale: 1,
    };
  }

  private size(width: number, height: number): void {
    const scale = window.devicePixelRatio || 1;
    const { style } = this.over;
    this.width = width;
    this.height = height;
    this.scale = scale;
    if (
      this.canvas.width !== Math.round(width * scale) ||
      this.canvas.height !== Math.round(height * scale)
    ) {
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    const inner = this.overFrame(false);
    style.left = `${ROOM.left}px`;
    style.top = `${ROOM.top}px`;
    style.width = `${inner.width}px`;
    style.height = `${inner.height}px`;
  }

  private axes(context: CanvasRenderingContext2D, theme: Theme): void {
    const s = this.scale;
    const frame = this.frame(false);
    const { axis, x, y, yLog, right } = this.scales;
    const inner = this.overFrame(false);
    const bottom = frame.top + frame.height;
    const line = (x0: number, y0: number, x1: number, y1: number) => {
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      context.stroke();
    };
    const crisp = (value: number) => Math.round(value - 0.5 * s) + 0.5 * s;
    context.lineWidth = s;
    context.font = `${11 * s}px ${theme.font}`;
    context.fillStyle = theme.quiet;
    context.strokeStyle = theme.grid;

    const yCount = inner.height / APART.y;
    const ys = yLog
      ? logTicks({ from: y[0], to: y[1] }, yCount)
      : linearTicks({ from: y[0], to: y[1] }, yCount);
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    tickLabels(ys).forEach((label, i) => {
      const at = crisp(yPixel(frame, ys[i]));
      line(frame.left, at, frame.left + frame.width, at);
      context.fillText(label, frame.left - 6 * s, at);
    });
    if (right) {
      const side = this.frame(true);
      const rs = linearTicks({ from: right[0], to: right[1] }, yCount);
      context.textAlign = 'left';
      tickLabels(rs).forEach((label, i) => {
        context.fillText(label, frame.left + frame.width + 6 * s, yPixel(side, rs[i]));
      });
    }

    context.strokeStyle = theme.line;
    line(frame.left, crisp(bottom), frame.left + frame.width, crisp(bottom));
    const xCount = inner.width / APART.x;
    const xs =
      axis === 'time'
        ? clockTicks(x, xCount)
        : linearTicks(x, xCount, axis === 'step' || axis === 'num_tokens');
    const labels = axis === 'time' ? xs.map(duration) : tickLabels(xs);
    context.textAlign = 'center';
    context.textBaseline = 'top';
    labels.forEach((label, i) => {
      const at = xPixel(frame, xs[i]);
      line(crisp(at), bottom, crisp(at), bottom + 3 * s);
      context.fillText(label, at, bottom + (STRIP + 4) * s);
    });
  }
}
