import { make, setText } from './dom';
import type { ViewState } from './state';
import { AXES, type Axis } from './store';

const TEXT = {
  axis: 'x axis',
  smoothing: 'Smoothing',
  smoothingTip:
    'Debiased exponential moving average with weight β:\n' +
    's(t) = β·s(t−1) + (1−β)·x(t), shown as s(t) / (1 − β^t), t counting the points of a curve.\n' +
    'The raw line stays, faint. Evaluation points and readings are never smoothed. 0 is off.',
  log: 'Log',
  logTip: 'Logarithmic y axis. Charts with negative values stay linear and say so.',
  cap: 'Cap outliers',
  capTip:
    'Limit the y axis to Q1 − 3·IQR … Q3 + 3·IQR of the visible points (Tukey’s outer fences).\n' +
    'Points beyond are marked by a triangle at the edge.',
  select: 'Select steps',
  selectTip: 'Dragging over a chart chooses steps instead of zooming (also Alt + drag).',
  reset: 'Whole run',
  resetTip: 'Show everything again (double-click, or 0)',
  help:
    'Drag: zoom. Double-click: whole run. Shift + drag or Shift + wheel: move. Ctrl + wheel: zoom.\n' +
    'Click: choose a step. Keyboard in a chart: ← → read points, Page Up/Down by ten, Home and End, + − zoom, ' +
    '0 whole run, Shift + ← → choose steps, Enter choose a step, Esc clear.',
};

/** The controls above the charts. Stock HTML controls: they bring keyboard and screen-reader use with them. */
export class Toolbar {
  readonly element = make('div', 'ftw-curves-toolbar', '', { role: 'toolbar', 'aria-label': 'Curves' });
  private readonly axis = make('select', 'ftw-curves-select', '', { 'aria-label': TEXT.axis });
  private readonly slider = make('input', 'ftw-curves-slider', '', {
    type: 'range',
    min: '0',
    max: '0.99',
    step: '0.01',
  });
  private readonly weight = make('output', 'ftw-curves-weight');
  private readonly log = toggle(TEXT.log, TEXT.logTip);
  private readonly cap = toggle(TEXT.cap, TEXT.capTip);
  private readonly select = toggle(TEXT.select, TEXT.selectTip);
  /** Stands beside the readout, where it can come and go without moving anything. */
  readonly reset = make('button', 'ftw-curves-button', TEXT.reset, { type: 'button', title: TEXT.resetTip });

  constructor(
    private readonly state: ViewState,
    /** Options changed by hand; `final` when the hand let go. */
    changed: (final: boolean) => void,
    reset: () => void,
    redraw: () => void,
    picker: HTMLElement,
  ) {
    const { options } = state;
    const axis = make('label', 'ftw-curves-field');
    axis.append(make('span', 'ftw-curves-label', TEXT.axis), this.axis);
    this.axis.addEventListener('change', () => {
      options.axis = this.axis.value as Axis;
      state.zoom = null;
      state.cursor = null;
      changed(true);
    });
    const smoothing = make('label', 'ftw-curves-field', '', { title: TEXT.smoothingTip });
    smoothing.append(make('span', 'ftw-curves-label', TEXT.smoothing), this.slider, this.weight);
    this.slider.addEventListener('input', () => {
      options.smoothing = Number(this.slider.value);
      changed(false);
    });
    this.slider.addEventListener('change', () => changed(true));
    this.log.addEventListener('click', () => {
      options.log = !options.log;
      changed(true);
    });
    this.cap.addEventListener('click', () => {
      options.cap = !options.cap;
      changed(true);
    });
    this.select.addEventListener('click', () => {
      state.selecting = !state.selecting;
      redraw();
    });
    this.reset.addEventListener('click', reset);
    const help = make('span', 'ftw-curves-help', '?', {
      title: TEXT.help,
      tabindex: '0',
      role: 'note',
      'aria-label': TEXT.help,
    });
    this.element.append(axis, smoothing, this.log, this.cap, this.select, picker, help);
  }

  update(offered: Axis[], selectable: boolean): void {
    const { options, zoom, selecting } = this.state;
    if (offered.length !== this.axis.options.length) {
      this.axis.replaceChildren(...offered.map(name => make('option', '', AXES[name], { value: name })));
    }
    this.axis.value = options.axis;
    if (Number(this.slider.value) !== options.smoothing) this.slider.value = String(options.smoothing);
    setText(this.weight, options.smoothing ? `β ${options.smoothing.toFixed(2)}` : 'off');
    press(this.log, options.log);
    press(this.cap, options.cap);
    press(this.select, selecting);
    this.select.hidden = !selectable;
    this.reset.hidden = zoom === null;
  }
}

function toggle(text: string, tip: string): HTMLButtonElement {
  return make('button', 'ftw-curves-button', text, { type: 'button', title: tip, 'aria-pressed': 'false' });
}

function press(button: HTMLButtonElement, on: boolean): void {
  button.setAttribute('aria-pressed', String(on));
}
