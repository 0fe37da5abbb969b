import { make, setText } from './dom';
import { show } from './format';
import { reading } from './hover';
import { swatch } from './markers';
import type { Panel } from './panel';
import type { ViewState } from './state';
import type { Store } from './store';
import { SERIES_COLORS } from './theme';

/** The words and signs for the states of a run: never a colour alone. */
const STATUS: Record<string, string> = {
  preparing: '◌',
  training: '●',
  paused: '❚❚',
  stopping: '◍',
  finished: '✓',
  stopped: '■',
  failed: '✕',
  interrupted: '⚡',
};

/** Name and state of the one run, or the legend of several: once for all charts, each can be hidden. */
export class Runs {
  readonly element = make('div', 'ftw-curves-runs');
  private shown = '';

  constructor(
    private readonly state: ViewState,
    private readonly changed: (final: boolean) => void,
    private readonly redraw: () => void,
  ) {}

  update(store: Store): void {
    const key = JSON.stringify([store.runs.map(run => run.info), this.state.options.hidden]);
    if (key === this.shown) return;
    this.shown = key;
    const several = store.runs.length > 1;
    this.element.classList.toggle('ftw-curves-several', several);
    this.element.replaceChildren(
      ...store.runs.map((run, index) => {
        const { id, name, status } = run.info;
        if (!several) {
          const element = make('span', 'ftw-curves-run');
          if (status)
            element.append(
              make('span', `ftw-curves-status ftw-curves-status-${status}`, STATUS[status] ?? '·', {
                'aria-hidden': 'true',
              }),
              make('span', 'ftw-curves-status-word', status),
            );
          element.append(make('span', 'ftw-curves-run-name', name, { title: id }));
          return element;
        }
        const { hidden } = this.state.options;
        const on = !hidden.includes(id);
        const chip = make('button', 'ftw-curves-chip', '', {
          type: 'button',
          'aria-pressed': String(on),
          title: `${id}${status ? `, ${status}` : ''}: click to ${on ? 'hide' : 'show'}`,
        });
        chip.append(
          swatch(index % SERIES_COLORS, index, false),
          make('span', 'ftw-curves-run-name', name),
          make('span', 'ftw-curves-value'),
        );
        chip.addEventListener('click', () => {
          this.state.options.hidden = on ? [...hidden, id] : hidden.filter(other => other !== id);
          this.state.emphasis = null;
          this.changed(true);
        });
        const emphasise = (run: number | null) => () => {
          this.state.emphasis = on ? run : null;
          this.redraw();
        };
        chip.addEventListener('pointerenter', emphasise(index));
        chip.addEventListener('pointerleave', emphasise(null));
        chip.addEventListener('focus', emphasise(index));
        chip.addEventListener('blur', emphasise(null));
        return chip;
      }),
    );
    if (several) {
      const note = make('span', 'ftw-curves-key', '', { title: 'Training is solid, evaluation dashed' });
      note.append(
        make('span', 'ftw-curves-solid'),
        'train',
        make('span', 'ftw-curves-dashed'),
        'eval',
        make('span', 'ftw-curves-of'),
      );
      this.element.append(note);
    }
  }

  /** Each run's value at the cursor in the chart that is pointed at (or the first chart). */
  read(panels: Panel[]): void {
    const chips = this.element.querySelectorAll<HTMLElement>('.ftw-curves-chip');
    if (!chips.length) return;
    const { cursor } = this.state;
    const panel = panels.find(p => p.spec.id === cursor?.panel) ?? panels[0];
    const of = this.element.querySelector<HTMLElement>('.ftw-curves-of');
    if (of) setText(of, panel ? `values: ${panel.spec.title}` : '');
    chips.forEach((chip, index) => {
      const line = panel?.lines.find(l => l.runIndex === index && !l.metric.eval);
      const value = chip.querySelector<HTMLElement>('.ftw-curves-value');
      if (!value) return;
      const found =
        line && (cursor ? reading(line, cursor.x) : { point: line.series.length - 1, exact: true });
      const y = line && found ? line.series.y.data[found.point] : Number.NaN;
      setText(value, show(y));
      value.dataset.exact = String(y);
    });
  }
}
