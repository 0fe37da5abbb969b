import type { Panel } from './panel';
import type { Span } from './state';

/** What the pointer can ask for; x values are of the current axis. */
export interface Actions {
  hover(panel: Panel, left: number, top: number): void;
  leave(): void;
  zoomTo(span: Span | null): void;
  select(span: Span | null): void;
  pick(): void;
  readonly selecting: boolean;
}

const CLICK = 4; // pixels that a hand may move during a click

/** Span of the visible x range scaled by `factor` around `x`. */
export function scaled(span: Span, factor: number, x: number): Span {
  return { from: x - (x - span.from) * factor, to: x + (span.to - x) * factor };
}

export function moved(span: Span, by: number): Span {
  return { from: span.from + by, to: span.to + by };
}

/** Drag to zoom (or, with Alt or the toolbar's button, to choose steps), shift-drag to move, wheel with a key. */
export function listen(panel: Panel, holder: HTMLElement, actions: Actions): void {
  let down: {
    id: number;
    left: number;
    kind: 'zoom' | 'select' | 'pan';
    from: Span;
    active: boolean;
  } | null = null;
  let dragged = false;

  const position = (event: MouseEvent) => {
    const box = panel.plot.over.getBoundingClientRect();
    const clamp = (value: number, limit: number) => Math.max(0, Math.min(limit, value));
    return {
      left: clamp(event.clientX - box.left, box.width),
      top: clamp(event.clientY - box.top, box.height),
      raw: event.clientX - box.left,
      // Events stand in the strip under the plot: their words come up there, and not over curves being read.
      strip: event.clientY > box.bottom - 8,
      width: box.width,
    };
  };
  const visible = () => panel.plot.overFrame(false).x;
  const value = (left: number, width: number, span = visible()) =>
    span.from + (left / width) * (span.to - span.from);

  holder.addEventListener('pointerdown', event => {
    const at = position(event);
    if (event.button !== 0) return;
    dragged = false;
    const kind = event.shiftKey ? 'pan' : event.altKey || actions.selecting ? 'select' : 'zoom';
    down = { id: event.pointerId, left: at.left, kind, from: visible(), active: false };
    holder.setPointerCapture(event.pointerId);
  });

  holder.addEventListener('pointermove', event => {
    const at = position(event);
    panel.overlay.tooltip(down?.active || !at.strip ? '' : panel.marksAt(at.raw), at.left);
    if (!down) {
      actions.hover(panel, at.left, at.top);
      return;
    }
    if (!down.active && Math.abs(at.left - down.left) < CLICK) return;
    down.active = true;
    if (down.kind === 'pan') {
      const by = ((down.left - at.left) / at.width) * (down.from.to - down.from.from);
      actions.zoomTo(moved(down.from, by));
    } else {
      panel.overlay.dragging([down.left, at.left], down.kind === 'select');
    }
  });

  const release = (event: PointerEvent) => {
    const was = down;
    down = null;
    panel.overlay.dragging(null, false);
    const at = position(event);
    if (!was || event.type === 'pointercancel') return;
    dragged = was.active;
    if (!dragged) return;
    const ends = [value(was.left, at.width, was.from), value(at.left, at.width, was.from)].sort(
      (a, b) => a - b,
    );
    const span = { from: ends[0], to: ends[1] };
    if (was.kind === 'zoom') actions.zoomTo(span);
    if (was.kind === 'select') actions.select(span);
  };
  holder.addEventListener('pointerup', release);
  holder.addEventListener('pointercancel', release);
  holder.addEventListener('pointerleave', () => {
    panel.overlay.tooltip('', 0);
    if (!down) actions.leave();
  });
  holder.addEventListener('click', event => {
    if (dragged || event.detail > 1) return; // the end of a drag, or the second half of a double-click
    const at = position(event);
    actions.hover(panel, at.left, at.top);
    actions.pick();
  });
  holder.addEventListener('dblclick', () => actions.zoomTo(null));

  // A plain wheel scrolls the notebook.
  holder.addEventListener(
    'wheel',
    event => {
      const at = position(event);
      if (!(event.ctrlKey || event.metaKey || event.shiftKey)) return;
      event.preventDefault();
      const span = visible();
      const delta = event.deltaY || event.deltaX;
      if (event.shiftKey) actions.zoomTo(moved(span, (Math.sign(delta) * (span.to - span.from)) / 10));
      else actions.zoomTo(scaled(span, delta < 0 ? 0.8 : 1.25, value(at.left, at.width)));
    },
    { passive: false },
  );
}
