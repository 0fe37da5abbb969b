import { count, draw, make } from './dom';
import type { Fate, Lengths } from './lengths';

const HEIGHT = 120;
const AXIS = 20; // pixels for the numbers under it
const TOP = 16;
const PER_OCTAVE = 4; // bars for each doubling of the length
const SMALLEST = 8;
let made = 0;
const FATES: Fate[] = ['whole', 'cut', 'dropped'];

/** Bars over lengths in tokens, on a scale of doublings, with the limit as a line to drag. */
export class Histogram {
  readonly root = make('div', 'ftw-histogram');
  private readonly svg = draw('svg', {
    role: 'img',
    height: HEIGHT + AXIS + TOP,
    'aria-label': 'Lengths in tokens',
  });
  private readonly handle = make('div', 'ftw-limit', '', {
    role: 'slider',
    tabindex: '0',
    'aria-label': 'max_length',
    'aria-valuemin': '1',
    title: 'Drag, or use the arrow keys (Page Up and Page Down for larger steps)',
  });
  private readonly id = `${++made}`; // fills are found by a name that is the page's
  private lengths: Lengths | null = null;
  private limit = 1024;
  private drawn = '';

  constructor(private readonly moved: (limit: number, done: boolean) => void) {
    this.root.append(this.svg as unknown as Node, this.handle);
    this.listen();
  }

  show(lengths: Lengths | null, limit: number): void {
    if (lengths !== this.lengths) this.drawn = '';
    this.lengths = lengths;
    this.limit = limit;
    this.paint();
  }

  private get width(): number {
    return Math.max(this.root.clientWidth, 200);
  }

  /** Doublings above the smallest length that the axis holds. */
  private get octaves(): number {
    const most = Math.max(this.lengths?.longest ?? 0, this.limit * 1.2, 64);
    return Math.ceil(Math.log2(most / SMALLEST) * 2) / 2;
  }

  private x(length: number): number {
    const share = Math.log2(Math.max(length, SMALLEST) / SMALLEST) / this.octaves;
    return Math.min(Math.max(share, 0), 1) * this.width;
  }

  private lengthAt(x: number): number {
    const length = SMALLEST * 2 ** ((Math.min(Math.max(x, 0), this.width) / this.width) * this.octaves);
    const step = length < 128 ? 1 : length < 1024 ? 8 : 64; // round numbers without having to aim
    return Math.max(1, Math.round(length / step) * step);
  }

  paint(): void {
    const key = `${this.width} ${this.octaves} ${this.limit}`;
    if (key !== this.drawn) {
      this.drawn = key;
      this.bars();
    }
    this.handle.style.left = `${this.x(this.limit)}px`;
    this.handle.dataset.label = `max_length ${count(this.limit)}`;
    this.handle.classList.toggle('ftw-at-end', this.x(this.limit) > this.width - 140);
    this.handle.setAttribute('aria-valuenow', String(this.limit));
    this.handle.setAttribute('aria-valuetext', `${count(this.limit)} tokens`);
    this.handle.setAttribute('aria-valuemax', String(Math.round(SMALLEST * 2 ** this.octaves)));
  }

  private bars(): void {
    const { svg, lengths, width } = this;
    svg.replaceChildren();
    svg.setAttribute('width', String(width));
    svg.append(stripes('cut', this.id, 45), stripes('dropped', this.id, -45));
    const bins = Math.ceil(this.octaves * PER_OCTAVE);
    const counts = Array.from({ length: bins }, () => ({ whole: 0, cut: 0, dropped: 0 }));
    for (let i = 0; lengths && i < lengths.count; i++) {
      const bin = Math.log2(Math.max(lengths.total[i], SMALLEST) / SMALLEST) * PER_OCTAVE;
      counts[Math.min(Math.floor(bin), bins - 1)][lengths.fate(i, this.limit)]++;
    }
    const most = Math.max(1, ...counts.map(bin => bin.whole + bin.cut + bin.dropped));
    counts.forEach((bin, i) => {
      const left = this.x(SMALLEST * 2 ** (i / PER_OCTAVE));
      const right = this.x(SMALLEST * 2 ** ((i + 1) / PER_OCTAVE));
      let base = TOP + HEIGHT;
      for (const fate of FATES) {
        if (!bin[fate]) continue;
        const height = Math.max(1, (bin[fate] / most) * HEIGHT);
        base -= height;
        const bar = draw('rect', {
          class: `ftw-bar ftw-${fate}`,
          x: left + 0.5,
          y: base,
          width: Math.max(1, right - left - 1),
          height,
        });
        if (fate !== 'whole') bar.style.fill = `url(#ftw-${fate}-${this.id})`;
        const from = i ? Math.ceil(SMALLEST * 2 ** (i / PER_OCTAVE)) : 0;
        const to = Math.ceil(SMALLEST * 2 ** ((i + 1) / PER_OCTAVE)) - 1;
        bar.append(
          draw('title', {}, `${count(bin[fate])} rows of ${count(from)} to ${count(to)} tokens: ${fate}`),
        );
        svg.append(bar);
      }
    });
    this.axis();
  }

  private axis(): void {
    const base = TOP + HEIGHT + 0.5;
    this.svg.append(draw('line', { class: 'ftw-axis', x1: 0, x2: this.width, y1: base, y2: base }));
    this.svg.append(draw('text', { class: 'ftw-tick ftw-unit', x: 0, y: base + 15 }, 'tokens'));
    const apart = this.width / this.octaves < 56 ? 4 : 2;
    for (let length = SMALLEST * 2; length <= SMALLEST * 2 ** this.octaves; length *= apart) {
      const x = this.x(length);
      if (x > this.width - 24) break;
      this.svg.append(draw('line', { class: 'ftw-axis', x1: x, x2: x, y1: base, y2: base + 4 }));
      this.svg.append(draw('text', { class: 'ftw-tick', x, y: base + 15 }, count(length)));
    }
  }

  private listen(): void {
    let dragging = false;
    const at = (event: PointerEvent) => this.lengthAt(event.clientX - this.root.getBoundingClientRect().left);
    this.root.addEventListener('pointerdown', event => {
      if (event.button !== 0) return;
      dragging = true;
      this.root.setPointerCapture(event.pointerId);
      this.handle.focus();
      event.preventDefault();
      this.moved(at(event), false);
    });
    this.root.addEventListener('pointermove', event => {
      if (dragging) this.moved(at(event), false);
    });
    const end = () => {
      if (dragging) this.moved(this.limit, true);
      dragging = false;
    };
    this.root.addEventListener('pointerup', end);
    this.root.addEventListener('pointercancel', end);
    this.handle.addEventListener('keydown', event => {
      const step = { ArrowLeft: -8, ArrowDown: -8, ArrowRight: 8, ArrowUp: 8, PageDown: -128, PageUp: 128 }[
        event.key
      ];
      const to = event.key === 'Home' ? 1 : event.key === 'End' ? (this.lengths?.longest ?? 1) : null;
      if (step === undefined && to === null) return;
      event.preventDefault();
      event.stopPropagation();
      this.moved(Math.max(1, to ?? this.limit + (step ?? 0)), true);
    });
  }
}

/** Stripes besides the colour, so that the kinds of bars differ without it. */
function stripes(fate: Fate, id: string, angle: number): SVGPatternElement {
  const pattern = draw('pattern', {
    id: `ftw-${fate}-${id}`,
    width: 5,
    height: 5,
    patternUnits: 'userSpaceOnUse',
    patternTransform: `rotate(${angle})`,
  });
  pattern.append(
    draw('rect', { class: `ftw-${fate}-back`, width: 5, height: 5 }),
    draw('line', { class: `ftw-${fate}-line`, x1: 0, x2: 0, y1: 0, y2: 5, 'stroke-width': 3 }),
  );
  return pattern;
}
