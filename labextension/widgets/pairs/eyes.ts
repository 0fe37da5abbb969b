import { button, count, make, many } from './dom';
import type { Query } from './protocol';
import type { Store, Topic } from './store';

type Range = Query['ranges'][number];
const NOT_ABOVE = 0;
const ABOVE = Number.MIN_VALUE;
/** What the training made of pairs: the sides of zero on which their margins stood before and stand after. */
const TURNS: [string, string, Range[]][] = [
  [
    'right',
    'The model preferred the rejected answer before, and prefers the chosen one after',
    [
      ['margin before', null, NOT_ABOVE],
      ['margin after', ABOVE, null],
    ],
  ],
  [
    'wrong',
    'The model preferred the chosen answer before, and prefers the rejected one after',
    [
      ['margin before', ABOVE, null],
      ['margin after', null, NOT_ABOVE],
    ],
  ],
  [
    'still wrong',
    'The model preferred the rejected answer before and after',
    [
      ['margin before', null, NOT_ABOVE],
      ['margin after', null, NOT_ABOVE],
    ],
  ],
];

/** A line on what a model thinks of the pairs: how far it is, how often it agrees, one press to see what turned. */
export class EyesStrip {
  readonly element = make('div', { class: 'ftw-lint ftw-eyes', role: 'group', 'aria-label': 'Model' });
  private readonly leave: () => void;

  constructor(private readonly store: Store) {
    this.leave = store.on(topic => this.changed(topic));
  }

  dispose(): void {
    this.leave();
  }

  private changed(topic: Topic): void {
    if (topic === 'ready' || topic === 'eyes' || topic === 'view') this.draw();
  }

  private draw(): void {
    const { eyes } = this.store;
    this.element.hidden = eyes.state === 'none';
    const parts: Node[] = [make('span', { class: 'ftw-quiet' }, 'Model')];
    if (eyes.state === 'offered')
      parts.push(
        this.start('See with the model', 'Score every pair with the model, without and with its adapter'),
      );
    else parts.push(...this.progress(), ...this.agreement());
    this.element.replaceChildren(...parts);
  }

  private start(label: string, title: string): HTMLElement {
    return button(label, () => this.store.kernel.ask('eyes').catch(this.store.fail), { title });
  }

  private progress(): Node[] {
    const { state, done = 0, total = 0, error = '', again = false } = this.store.eyes;
    if (state === 'running')
      return [
        make('progress', { max: Math.max(total, 1), value: done, 'aria-label': 'Pairs the model has seen' }),
        make('span', { class: 'ftw-quiet' }, done ? `${count(done)} of ${count(total)}` : 'loading'),
        button('Stop', () => this.store.kernel.ask('eyes', { stop: true }).catch(this.store.fail), {
          title: 'Stop; what is known stays',
        }),
      ];
    const parts: Node[] = [];
    if (state === 'failed') parts.push(make('span', { class: 'ftw-failed', dir: 'auto' }, `✗ ${error}`));
    if (state !== 'done') {
      parts.push(make('span', { class: 'ftw-quiet' }, `${count(done)} of ${many(total, 'pair')} seen`));
      if (again) parts.push(this.start('Go on', 'Score the rest'));
    }
    return parts;
  }

  private agreement(): Node[] {
    const { accuracy, turned = {} } = this.store.eyes;
    if (!accuracy || accuracy.before === null || accuracy.after === null) return [];
    const percent = (share: number) => `${Math.round(100 * share)} %`;
    const said = make(
      'span',
      {
        title:
          'Share of the pairs whose chosen answer has the higher mean log-probability per token, ' +
          'without the adapter and with it',
      },
      'prefers chosen ',
      make('b', {}, percent(accuracy.before)),
      ' before → ',
      make('b', {}, percent(accuracy.after)),
      ' after',
    );
    return [said, ...TURNS.filter(([name]) => turned[name]).map(turn => this.chip(...turn))];
  }

  private chip(name: string, title: string, ranges: Range[]): HTMLElement {
    const { query } = this.store;
    const known = JSON.stringify(ranges);
    const mine = query.ranges.filter(([column]) => column === 'margin before' || column === 'margin after');
    const on = JSON.stringify(mine) === known;
    const others = query.ranges.filter(range => !mine.includes(range));
    const label = make(
      'span',
      {},
      name === 'still wrong' ? 'still wrong ' : `turned ${name} `,
      make('b', {}, count(this.store.eyes.turned?.[name] ?? 0)),
    );
    const press = () => this.store.look({ ranges: on ? others : [...others, ...ranges] });
    return button(label, press, { class: 'ftw-finding', title, pressed: on });
  }
}
