import { type Frame, xPixel } from './paint';
import { STRIP } from './plot';
import type { Axis, Mark, RunData } from './store';
import type { Theme } from './theme';

/** Events on the axis: the word for each kind. Those that ask for attention get a line through the plot. */
export const MARKS: Record<string, { word: string; line?: boolean; warn?: boolean }> = {
  checkpoint: { word: 'checkpoint' },
  evaluation: { word: 'evaluation' },
  samples: { word: 'sample generations' },
  paused: { word: 'paused', line: true },
  resumed: { word: 'resumed', line: true },
  note: { word: 'note', line: true },
  warning: { word: 'warning', line: true, warn: true },
  error: { word: 'error', line: true, warn: true },
};

/** Marks that share a place in the strip. */
export interface Spot {
  x: number;
  marks: Mark[];
  warn: boolean;
  /** Where the evidence of its notes ends. */
  until: number[];
}

const NEAR = 11; // CSS pixels: closer marks would overlap and share one place

/** The marks of the shown runs that are in view, gathered where they would overlap. x in pixels of the frame. */
export function spots(runs: RunData[], axis: Axis, frame: Frame): Spot[] {
  const found: Spot[] = [];
  for (const run of runs) {
    if (!run.rows) continue;
    for (const mark of run.marks) {
      // With several runs only what asks for attention, and whose it is.
      if (runs.length > 1 && !MARKS[mark.kind]?.line) continue;
      const x = run.axes[axis].data[run.rowOf(mark.step)];
      if (x < frame.x.from || x > frame.x.to) continue;
      const own = runs.length > 1 ? { ...mark, text: [run.info.name, mark.text].join(': ') } : mark;
      found.push({
        x: xPixel(frame, x),
        marks: [own],
        warn: !!MARKS[mark.kind]?.warn,
        until: mark.until === undefined ? [] : [xPixel(frame, run.axes[axis].data[run.rowOf(mark.until)])],
      });
    }
  }
  found.sort((a, b) => a.x - b.x);
  const gathered: Spot[] = [];
  for (const spot of found) {
    const last = gathered[gathered.length - 1];
    if (last && spot.x - last.x < NEAR * frame.scale) {
      last.marks.push(...spot.marks);
      last.warn ||= spot.warn;
      last.until.push(...spot.until);
    } else gathered.push(spot);
  }
  return gathered;
}

export function paintMarks(
  context: CanvasRenderingContext2D,
  spotted: Spot[],
  frame: Frame,
  theme: Theme,
): void {
  const bottom = frame.top + frame.height;
  const scale = frame.scale;
  context.lineWidth = scale;
  for (const spot of spotted) {
    const color = spot.warn ? theme.warn : theme.quiet;
    context.strokeStyle = color;
    context.fillStyle = color;
    for (const until of spot.until) {
      context.globalAlpha = 0.08;
      context.fillRect(
        spot.x,
        frame.top,
        Math.max(0, Math.min(until, frame.left + frame.width) - spot.x),
        frame.height,
      );
      context.globalAlpha = 1;
    }
    if (spot.marks.some(mark => MARKS[mark.kind]?.line)) {
      context.setLineDash([2 * scale, 3 * scale]);
      context.beginPath();
      context.moveTo(spot.x, frame.top);
      context.lineTo(spot.x, bottom);
      context.globalAlpha = 0.6;
      context.stroke();
      context.globalAlpha = 1;
    }
    context.setLineDash([]);
    context.beginPath();
    context.moveTo(spot.x, bottom);
    context.lineTo(spot.x, bottom + 3 * scale);
    context.stroke();
    // The most pressing kind gives the glyph.
    const order = Object.keys(MARKS);
    const kind = spot.marks.map(mark => mark.kind).sort((a, b) => order.indexOf(b) - order.indexOf(a))[0];
    glyph(context, kind, spot.x, bottom + (STRIP / 2 + 2) * scale, scale);
  }
}

/** Small pictures, about 8 pixels wide, drawn around (x, y). */
function glyph(context: CanvasRenderingContext2D, kind: string, x: number, y: number, s: number): void {
  context.lineWidth = 1.2 * s;
  context.beginPath();
  switch (kind) {
    case 'checkpoint': // a disk
      context.rect(x - 3 * s, y - 3 * s, 6 * s, 6 * s);
      context.stroke();
      context.fillRect(x - 1.2 * s, y - 3 * s, 2.4 * s, 2.4 * s);
      return;
    case 'evaluation': // a ring, as evaluation points are
      context.arc(x, y, 2.6 * s, 0, 7);
      context.stroke();
      return;
    case 'samples': // a speech bubble
      context.moveTo(x - 3.5 * s, y - 3 * s);
      context.lineTo(x + 3.5 * s, y - 3 * s);
      context.lineTo(x + 3.5 * s, y + 1.2 * s);
      context.lineTo(x - 0.5 * s, y + 1.2 * s);
      context.lineTo(x - 2.5 * s, y + 3.4 * s);
      context.lineTo(x - 2.3 * s, y + 1.2 * s);
      context.lineTo(x - 3.5 * s, y + 1.2 * s);
      context.closePath();
      context.stroke();
      return;
    case 'paused':
      context.fillRect(x - 2.8 * s, y - 3.2 * s, 2 * s, 6.4 * s);
      context.fillRect(x + 0.8 * s, y - 3.2 * s, 2 * s, 6.4 * s);
      return;
    case 'resumed':
      context.moveTo(x - 2.4 * s, y - 3.4 * s);
      context.lineTo(x + 3.4 * s, y);
      context.lineTo(x - 2.4 * s, y + 3.4 * s);
      context.closePath();
      context.fill();
      return;
    case 'note': // a flag
      context.moveTo(x - 2 * s, y + 3.6 * s);
      context.lineTo(x - 2 * s, y - 3.4 * s);
      context.stroke();
      context.beginPath();
      context.moveTo(x - 2 * s, y - 3.4 * s);
      context.lineTo(x + 3.4 * s, y - 1.6 * s);
      context.lineTo(x - 2 * s, y + 0.4 * s);
      context.closePath();
      context.fill();
      return;
    case 'warning': // a triangle with a stroke in it
      context.moveTo(x, y - 3.8 * s);
      context.lineTo(x + 4 * s, y + 3.2 * s);
      context.lineTo(x - 4 * s, y + 3.2 * s);
      context.closePath();
      context.stroke();
      context.fillRect(x - 0.6 * s, y - 1.4 * s, 1.2 * s, 2.6 * s);
      return;
    default: // error: a cross
      context.moveTo(x - 3 * s, y - 3 * s);
      context.lineTo(x + 3 * s, y + 3 * s);
      context.moveTo(x + 3 * s, y - 3 * s);
      context.lineTo(x - 3 * s, y + 3 * s);
      context.stroke();
  }
}

/** What stands at a spot, one line a mark, at most six. */
export function describe(marks: Mark[]): string {
  const lines = marks.map(
    mark => `step ${mark.step}: ${MARKS[mark.kind]?.word ?? mark.kind}${mark.text ? `, ${mark.text}` : ''}`,
  );
  return lines.length > 6
    ? [...lines.slice(0, 5), `and ${lines.length - 5} more`].join('\n')
    : lines.join('\n');
}
