import { scaled } from './gestures';
import type { Panel } from './panel';
import type { Span } from './state';

export interface KeyActions {
  /** Move the cursor along the points of a chart: by so many, or to an end. */
  step(panel: Panel, by: number): void;
  extend(panel: Panel, by: number): void;
  visible(): Span;
  cursorX(): number | null;
  zoomTo(span: Span | null): void;
  pick(): void;
  clear(): void;
}

/** Keys of a focused chart. Returns whether the key was ours. */
export function handleKey(event: KeyboardEvent, panel: Panel, actions: KeyActions): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const middle = () => {
    const { from, to } = actions.visible();
    return actions.cursorX() ?? (from + to) / 2;
  };
  const move = (by: number) => (event.shiftKey ? actions.extend(panel, by) : actions.step(panel, by));
  switch (event.key) {
    case 'ArrowLeft':
      move(-1);
      return true;
    case 'ArrowRight':
      move(1);
      return true;
    case 'PageUp':
      move(-10);
      return true;
    case 'PageDown':
      move(10);
      return true;
    case 'Home':
      move(Number.NEGATIVE_INFINITY);
      return true;
    case 'End':
      move(Number.POSITIVE_INFINITY);
      return true;
    case '+':
    case '=':
      actions.zoomTo(scaled(actions.visible(), 0.5, middle()));
      return true;
    case '-':
    case '_':
      actions.zoomTo(scaled(actions.visible(), 2, middle()));
      return true;
    case '0':
      actions.zoomTo(null);
      return true;
    case 'Enter':
    case ' ':
      actions.pick();
      return true;
    case 'Escape':
      actions.clear();
      return true;
    default:
      return false;
  }
}
