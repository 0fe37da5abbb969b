import { make, setText } from './dom';
import { show } from './format';
import { reading } from './hover';
import type { Line } from './lines';
import { swatch } from './markers';

interface Item {
  line: Line;
  element: HTMLElement;
  value: HTMLElement;
}

/** The names of a panel's curves with their exact values: at the cursor, or the latest. */
export class Legend {
  readonly element = make('div', 'ftw-curves-legend');
  private items: Item[] = [];

  /** Show these lines. With several runs their names stand once for all panels, so here only metrics are told apart. */
  show(lines: Line[], several: boolean): void {
    const same =
      lines.length === this.items.length &&
      lines.every((line, i) => line.series === this.items[i].line.series);
    if (same) {
      this.items.forEach((item, i) => {
        item.line = lines[i];
      });
      return;
    }
    this.items = [];
    this.element.replaceChildren();
    for (const line of lines) {
      if (several) continue;
      const element = make('span', 'ftw-curves-legend-item', '', { 'data-metric': line.metric.name });
      const value = make('span', 'ftw-curves-value');
      element.append(
        swatch(line.color, line.shape, !!line.metric.eval),
        make('span', 'ftw-curves-label', line.metric.eval ? `${line.metric.label}, eval` : line.metric.label),
        value,
      );
      this.element.append(element);
      const item = { line, element, value };
      element.addEventListener('pointerenter', () => explain(item));
      this.items.push(item);
    }
  }

  /** Values at `x`; the latest where `x` is null. `beta` is the weight of the average drawn, 0 for none. */
  read(x: number | null, beta: number): void {
    for (const { line, element, value } of this.items) {
      const { series } = line;
      const found = x === null ? { point: series.length - 1, exact: true } : reading(line, x);
      const y = found ? series.y.data[found.point] : Number.NaN;
      setText(value, show(y));
      value.dataset.exact = String(y);
      value.dataset.step = String(found ? line.run.axes.step.data[series.at.data[found.point]] : '');
      element.classList.toggle('ftw-curves-stale', !!found && !found.exact);
      const average = found && beta && !line.metric.eval ? series.smoothed(beta).y.data[found.point] : null;
      value.dataset.smoothed = average === null ? '' : String(average);
    }
  }
}

/** All digits, the step they stand at and the average there: made when asked for, for the pointer moves often. */
function explain({ line, element, value }: Item): void {
  const { exact, smoothed, step } = value.dataset;
  element.title = [
    `${line.metric.name} = ${exact} at step ${step}`,
    smoothed ? `smoothed ${show(Number(smoothed))}` : '',
    line.metric.right ? 'right-hand axis' : '',
  ]
    .filter(Boolean)
    .join(', ');
}
