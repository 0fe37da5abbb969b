import { button, count, make } from './dom';
import type { Fate } from './lengths';

/** Which row is on show, and ways to others. */
export class Navigator {
  readonly root = make('div', 'ftw-navigator', '', { role: 'group', 'aria-label': 'Rows' });
  private readonly field = make('input', 'ftw-number', '', { type: 'number', min: '1', 'aria-label': 'Row' });
  private readonly of = make('span', 'ftw-quiet');
  private readonly id = make('span', 'ftw-quiet');
  private readonly cut: HTMLButtonElement;
  private readonly dropped: HTMLButtonElement;
  private position = 0;
  private rows = 0;

  constructor(go: (position: number) => void, next: (fate: Fate) => void) {
    this.cut = button('Next cut ✂', 'The next measured row that loses its end', () => next('cut'));
    this.dropped = button('Next dropped ✕', 'The next measured row that is left out', () => next('dropped'));
    const label = make('label', 'ftw-field', 'Row ');
    label.append(this.field);
    this.root.append(
      button('◀', 'Previous row', () => go(this.position - 1)),
      label,
      this.of,
      button('▶', 'Next row', () => go(this.position + 1)),
      this.cut,
      this.dropped,
      this.id,
    );
    this.cut.disabled = this.dropped.disabled = true; // until lengths are known
    this.field.addEventListener('change', () => go(Number(this.field.value) - 1));
    // keys typed here are not JupyterLab's commands
    this.field.addEventListener('keydown', event => event.stopPropagation());
  }

  show(position: number, rowId: number | null, rows: number, cut: number, dropped: number): void {
    this.position = position;
    this.rows = rows;
    if (document.activeElement !== this.field) this.field.value = String(position + 1);
    this.field.max = String(rows);
    this.of.textContent = `of ${count(rows)}`;
    this.id.textContent = rowId === null || rowId === position ? '' : `source row ${rowId}`;
    this.cut.disabled = !cut;
    this.dropped.disabled = !dropped;
  }

  get last(): number {
    return this.rows - 1;
  }
}
