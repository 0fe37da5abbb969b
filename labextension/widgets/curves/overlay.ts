import { make } from './dom';
import { reading } from './hover';
import { type Line, reference } from './lines';
import { xPixel, yPixel } from './paint';
import type { Plot } from './plot';
import type { ViewState } from './state';
import type { RunData, Store } from './store';
import type { Theme } from './theme';

/** What moves over a plot without redrawing it: the cursor, the points it reads, chosen steps, a tooltip for events. */
export class Overlay {
  private readonly cursor = make('div', 'ftw-curves-cursor');
  private readonly band = make('div', 'ftw-curves-band');
  private readonly drag = make('div', 'ftw-curves-drag');
  private readonly picked = make('div', 'ftw-curves-picked');
  private readonly tip = make('div', 'ftw-curves-tip');
  private points: HTMLElement[] = [];

  constructor(
    private readonly holder: HTMLElement,
    private readonly over: HTMLElement,
  ) {
    const parts = [this.band, this.drag, this.picked, this.cursor, this.tip];
    for (const element of parts) element.hidden = true;
    over.append(...parts.slice(0, 4));
    holder.append(this.tip);
  }

  show(plot: Plot, lines: Line[], state: ViewState, store: Store, theme: Theme): void {
    const { cursor, selection, picked } = state;
    const frame = plot.overFrame(false);
    const first = reference(store, state);
    place(this.cursor, cursor ? xPixel(frame, cursor.x) : -1, frame.width);
    const axis = state.options.axis;
    const xOf = (run: RunData | undefined, step: number) =>
      run?.rows ? xPixel(frame, run.axes[axis].data[run.rowOf(step)]) : -1;
    place(this.picked, picked ? xOf(store.runs[picked.run], picked.step) : -1, frame.width);
    this.between(
      this.band,
      selection ? [xOf(first, selection.from), xOf(first, selection.to)] : null,
      frame.width,
    );
    lines.forEach((line, i) => {
      const found = cursor ? reading(line, cursor.x) : null;
      const point = this.pointElement(i);
      const x = found ? xPixel(frame, line.xs[line.series.at.data[found.point]]) : -1;
      const hidden =
        !found || !cursor || x < 0 || x > frame.width || Math.abs(x - xPixel(frame, cursor.x)) > 3;
      point.hidden = hidden;
      if (hidden || !found) return;
      const y = yPixel(plot.overFrame(!!line.metric.right), line.series.y.data[found.point]);
      point.style.transform = `translate(${x}px, ${Math.min(frame.height, Math.max(0, y))}px)`;
      point.style.borderColor = theme.series[line.color];
    });
    for (let i = lines.length; i < this.points.length; i++) this.points[i].hidden = true;
  }

  /** The stretch being dragged, in pixels; null when none is. */
  dragging(pixels: [number, number] | null, selecting: boolean): void {
    this.drag.classList.toggle('ftw-curves-selecting', selecting);
    this.between(this.drag, pixels, this.over.clientWidth);
  }

  tooltip(text: string, left: number): void {
    this.tip.hidden = !text;
    if (!text) return;
    this.tip.textContent = text;
    const room = this.holder.clientWidth - this.tip.offsetWidth;
    const at = this.over.offsetLeft + left - this.tip.offsetWidth / 2;
    this.tip.style.left = `${Math.max(0, Math.min(room, at))}px`;
  }

  private between(element: HTMLElement, pixels: [number, number] | null, width: number): void {
    element.hidden = !pixels || pixels[1] < 0 || pixels[0] > width;
    if (element.hidden || !pixels) return;
    const from = Math.max(0, Math.min(...pixels));
    const to = Math.min(width, Math.max(...pixels));
    element.style.left = `${from}px`;
    element.style.width = `${Math.max(1, to - from)}px`;
  }

  private pointElement(index: number): HTMLElement {
    while (this.points.length <= index) {
      const point = make('div', 'ftw-curves-point');
      this.over.append(point);
      this.points.push(point);
    }
    return this.points[index];
  }
}

function place(element: HTMLElement, x: number, width: number): void {
  element.hidden = x < 0 || x > width;
  if (!element.hidden) element.style.transform = `translateX(${Math.round(x)}px)`;
}
