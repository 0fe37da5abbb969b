import { make, setText } from './dom';
import { duration, show, whole } from './format';
import { reading } from './hover';
import type { Panel } from './panel';
import type { ViewState } from './state';
import type { Store } from './store';

/** A curve's name beside those of other charts: a chart of one curve is called by its title, which says more. */
function named({ spec }: Panel, label: string, taken: string[]): string {
  const title = spec.title.charAt(0).toLowerCase() + spec.title.slice(1);
  if (spec.metrics.filter(metric => !metric.eval).length === 1) return title;
  return taken.includes(label) ? `${title}: ${label}` : label;
}

/**
 * One line for all charts: where the cursor stands on every axis, and the first curve of each chart there. Without a
 * cursor it reads the latest step. Fields have fixed widths, so nothing jumps while a number grows.
 */
export class Readout {
  readonly element = make('div', 'ftw-curves-readout');
  private readonly where = make('span', 'ftw-curves-where');
  private readonly values = make('span', 'ftw-curves-values');

  constructor() {
    this.element.append(this.where, this.values);
  }

  update(store: Store, state: ViewState, panels: Panel[]): void {
    const { cursor } = state;
    const run = cursor
      ? store.runs[cursor.run]
      : store.runs.reduce((a, b) => (b.lastX('step') > a.lastX('step') ? b : a), store.runs[0]);
    const row = cursor ? cursor.row : (run?.rows ?? 0) - 1;
    if (!run || row < 0 || row >= run.rows) {
      setText(this.where, 'No step logged yet: the first point comes after logging_steps steps.');
      this.values.replaceChildren();
      return;
    }
    const at = (axis: 'step' | 'epoch' | 'num_tokens' | 'time') => run.axes[axis].data[row];
    const parts = [`step ${whole(at('step'))}`];
    if (store.runs.length > 1) parts.unshift(run.info.name);
    if (run.lastX('epoch') > 0) parts.push(`epoch ${at('epoch').toFixed(2)}`);
    if (run.lastX('time') > 0) parts.push(duration(at('time')));
    if (run.lastX('num_tokens') > 0) parts.push(`${whole(at('num_tokens'))} tokens`);
    setText(this.where, `${cursor ? '' : 'latest: '}${parts.join(' · ')}`);
    const x = run.axes[state.options.axis].data[row];
    const read: [string, string][] = [];
    for (const panel of panels.slice(0, 6)) {
      const line = panel.lines.find(l => l.run === run && !l.metric.eval);
      const found = line && reading(line, x);
      if (!found) continue;
      const taken = read.map(([name]) => name);
      read.push([named(panel, line.metric.label, taken), show(line.series.y.data[found.point])]);
    }
    while (this.values.children.length > read.length) this.values.lastChild?.remove();
    while (this.values.children.length < read.length) {
      const pair = make('span', 'ftw-curves-pair');
      pair.append(make('span', 'ftw-curves-label'), make('span', 'ftw-curves-value'));
      this.values.append(pair);
    }
    read.forEach((texts, i) => {
      const pair = this.values.children[i];
      texts.forEach((text, j) => {
        setText(pair.children[j] as HTMLElement, text);
      });
    });
  }

  /** The same as one sentence, for a live region while the keyboard moves the cursor. */
  get text(): string {
    const pairs = [...this.values.children].map(pair =>
      [...pair.children].map(part => part.textContent).join(' '),
    );
    return `${this.where.textContent}: ${pairs.join(', ')}`;
  }
}
