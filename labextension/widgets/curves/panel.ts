import { make, setText } from './dom';
import { Legend } from './legend';
import { type Line, linesOf, xSpan } from './lines';
import { isHollow, markerPath } from './markers';
import { describe, paintMarks, type Spot, spots } from './marks';
import { Overlay } from './overlay';
import { clipped, dots, type Frame, outliers, stroke, trace, xPixel, yPixel } from './paint';
import { Plot, type Scales } from './plot';
import { atLeast, extent, padded, paddedLog } from './range';
import type { ViewState } from './state';
import type { PanelSpec, Store } from './store';
import { panelSummary } from './summary';
import type { Theme } from './theme';

const HEIGHT = 196;
const FADED = 0.22;
const MANY_LINES = 8; // among more of them, fine lines are told apart better

/** One chart: a title, a legend with values, and the curves of a few metrics that are read together. */
export class Panel {
  readonly element: HTMLElement;
  readonly overlay: Overlay;
  readonly plot: Plot;
  lines: Line[] = [];
  spots: Spot[] = [];
  /** Whether any part of it is on the screen; null until the browser has said so. */
  visible: boolean | null = null;
  stale = true;
  private readonly legend = new Legend();
  readonly holder = make('div', 'ftw-curves-plot');
  private readonly tag = make('span', 'ftw-curves-tag');

  constructor(
    readonly spec: PanelSpec,
    private readonly store: Store,
    private readonly state: ViewState,
    close: () => void,
  ) {
    this.element = make('section', 'ftw-curves-panel', '', {
      tabindex: '0',
      role: 'application',
      'aria-roledescription': 'chart',
      'aria-label': spec.title,
      'data-panel': spec.id,
    });
    const head = make('header', 'ftw-curves-panel-head');
    const shut = make('button', 'ftw-curves-icon', '×', {
      type: 'button',
      title: `Close ${spec.title}`,
      'aria-label': `Close ${spec.title}`,
    });
    shut.addEventListener('click', close);
    head.append(make('span', 'ftw-curves-panel-title', spec.title), this.tag, shut);
    this.element.append(head, this.legend.element, this.holder);
    this.plot = new Plot(this.holder);
    this.overlay = new Overlay(this.holder, this.plot.over);
    this.element.addEventListener('focus', () => this.describe());
  }

  /** The text a screen reader says for this chart. */
  describe(): void {
    this.element.setAttribute('aria-label', panelSummary(this.spec.title, this.lines));
  }

  /** Find the curves there are, also for a chart that is not on the screen: the readout and the words need them. */
  gather(): void {
    this.lines = linesOf(this.spec, this.store, this.state);
    this.legend.show(this.lines, this.store.runs.length > 1);
  }

  draw(theme: Theme): void {
    this.stale = false;
    const width = Math.floor(this.holder.clientWidth);
    if (width < 80) return;
    const scales = this.scales();
    this.plot.draw(scales, width, HEIGHT, theme, context => this.paint(context, theme));
    setText(this.tag, this.tagText(scales));
  }

  /** Show the cursor, the chosen steps and the values at the cursor. */
  point(theme: Theme): void {
    const { cursor } = this.state;
    this.legend.read(cursor ? cursor.x : null, this.spec.plain ? 0 : this.state.options.smoothing);
    this.overlay.show(this.plot, this.lines, this.state, this.store, theme);
  }

  /** The event marks near `left`, as text. */
  marksAt(left: number): string {
    const near = this.spots.find(spot => Math.abs(spot.x - left) < 7);
    return near ? describe(near.marks) : '';
  }

  destroy(): void {
    this.element.remove();
  }

  private scales(): Scales {
    const { state, spec } = this;
    const x = xSpan(this.store, state);
    const { cap, log } = state.options;
    const find = (right: boolean): [[number, number], boolean] => {
      const found = extent(
        this.lines.filter(line => !!line.metric.right === right),
        x,
        cap,
      );
      const fixed = right ? spec.rightRange : spec.range;
      if (fixed) return [fixed, false];
      if (!found) return [[0, 1], false];
      let { low, high } = found;
      if (log && !right && found.low >= 0 && Number.isFinite(found.positive))
        return [paddedLog(found.positive, high), true];
      if (spec.least && !right) [low, high] = atLeast(low, high, spec.least);
      if (spec.zero && !right) [low, high] = [Math.min(0, low), Math.max(0, high)];
      return [padded(low, high), false];
    };
    const [y, yLog] = find(false);
    const hasRight = this.lines.some(line => line.metric.right);
    return { axis: state.options.axis, x, y, yLog, right: hasRight ? find(true)[0] : null };
  }

  private tagText(scales: Scales): string {
    if (!this.state.options.log || !this.lines.length) return '';
    return scales.yLog ? 'log' : 'linear: zero or negative';
  }

  private paint(context: CanvasRenderingContext2D, theme: Theme): void {
    const { plot, state } = this;
    const frame = plot.frame(false);
    context.save();
    context.lineJoin = 'round';
    context.lineCap = 'butt';
    this.spots = spots(this.shownRuns(), state.options.axis, frame);
    paintMarks(context, this.spots, frame, theme);
    for (const spot of this.spots) spot.x = (spot.x - frame.left) / frame.scale;
    // The run that the legend points at comes last, on top of the others.
    const lines = [...this.lines].sort((a, b) => this.fade(a) - this.fade(b));
    const frameOf = (line: Line) => plot.frame(!!line.metric.right);
    clipped(context, frame, () => {
      if (this.spec.zero && frame.y[0] < 0 && frame.y[1] > 0) this.paintZero(context, frame, theme);
      for (const line of lines) this.paintRaw(context, frameOf(line), line, theme);
    });
    for (const line of lines) this.paintDots(context, frameOf(line), line, theme);
    clipped(context, frame, () => {
      for (const line of lines) this.paintSmooth(context, frameOf(line), line, theme);
    });
    for (const line of lines) this.paintEnd(context, frameOf(line), line, theme);
    context.restore();
  }

  private shownRuns() {
    const { runs } = this.store;
    return runs.length > 1 ? runs.filter(run => !this.state.options.hidden.includes(run.info.id)) : runs;
  }

  private paintZero(context: CanvasRenderingContext2D, frame: Frame, theme: Theme): void {
    context.strokeStyle = theme.quiet;
    context.lineWidth = frame.scale;
    context.setLineDash([]);
    context.beginPath();
    const y = Math.round(yPixel(frame, 0)) + 0.5;
    context.moveTo(frame.left, y);
    context.lineTo(frame.left + frame.width, y);
    context.stroke();
  }

  /** The moving average is drawn over this line, and the line itself faint. */
  private isSmooth({ series, metric }: Line): boolean {
    return this.state.options.smoothing > 0 && !metric.eval && !this.spec.plain && series.length > 2;
  }

  private fade(line: Line): number {
    const { emphasis } = this.state;
    return emphasis !== null && emphasis !== line.runIndex ? FADED : 1;
  }

  private paintRaw(context: CanvasRenderingContext2D, frame: Frame, line: Line, theme: Theme): void {
    const { series, metric } = line;
    const smooth = this.isSmooth(line);
    context.strokeStyle = theme.series[line.color];
    context.fillStyle = context.strokeStyle;
    context.setLineDash(metric.eval ? [5 * frame.scale, 3 * frame.scale] : []);
    const many = this.lines.length > MANY_LINES;
    context.globalAlpha = this.rawAlpha(line, theme);
    series.extremes.extend();
    // Behind a moving average the extremes are enough at half the sharpness, among many lines at a quarter.
    const wide = smooth ? (many ? 4 : 2) * frame.scale : 1;
    stroke(
      context,
      trace(frame, line, series.y, series.extremes, wide),
      (smooth || many ? 1 : 1.5) * frame.scale,
    );
    context.globalAlpha = this.fade(line);
    if (this.state.options.cap) outliers(context, frame, line);
    context.globalAlpha = 1;
  }

  private rawAlpha(line: Line, theme: Theme): number {
    if (!this.isSmooth(line)) return this.fade(line);
    return this.fade(line) * (theme.dark ? 0.42 : 0.34) * (this.store.runs.length > 1 ? 0.6 : 1);
  }

  /** Not cut at the edges: the first point of a run stands on one. */
  private paintDots(context: CanvasRenderingContext2D, frame: Frame, line: Line, theme: Theme): void {
    context.strokeStyle = theme.series[line.color];
    context.fillStyle = context.strokeStyle;
    context.lineWidth = 1.5 * frame.scale;
    context.globalAlpha = this.rawAlpha(line, theme);
    dots(context, frame, line, theme.back);
    context.globalAlpha = 1;
  }

  private paintSmooth(context: CanvasRenderingContext2D, frame: Frame, line: Line, theme: Theme): void {
    if (!this.isSmooth(line)) return;
    const average = line.series.smoothed(this.state.options.smoothing);
    context.globalAlpha = this.fade(line);
    context.strokeStyle = theme.series[line.color];
    context.setLineDash([]);
    const many = this.lines.length > MANY_LINES;
    const drawn = trace(frame, line, average.y, average.extremes, many ? 2 * frame.scale : 1);
    stroke(context, drawn, (many ? 1 : 1.7) * frame.scale);
    context.globalAlpha = 1;
  }

  /** The curve's marker at its last visible point. */
  private paintEnd(context: CanvasRenderingContext2D, frame: Frame, line: Line, theme: Theme): void {
    const { series, xs, metric } = line;
    if (metric.eval) return;
    let last = series.seek(xs, frame.x.to);
    while (last < series.length && xs[series.at.data[last]] <= frame.x.to) last++;
    last--;
    if (last < 0 || xs[series.at.data[last]] < frame.x.from) return;
    const y = this.isSmooth(line) ? series.smoothed(this.state.options.smoothing).y : series.y;
    const value = y.data[last];
    if (!(value >= frame.y[0] && value <= frame.y[1])) return;
    const color = theme.series[line.color];
    const path = new Path2D(
      markerPath(
        line.shape,
        xPixel(frame, xs[series.at.data[last]]),
        yPixel(frame, value),
        3.4 * frame.scale,
      ),
    );
    context.globalAlpha = this.fade(line);
    context.lineWidth = 1.5 * frame.scale;
    context.setLineDash([]);
    context.strokeStyle = isHollow(line.shape) ? color : theme.back;
    context.fillStyle = isHollow(line.shape) ? theme.back : color;
    context.fill(path);
    context.stroke(path);
    context.globalAlpha = 1;
  }
}
