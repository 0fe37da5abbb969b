import { button, count, make } from './dom';
import { STATE_MARKS } from './list';
import { Menu } from './menu';
import type { Store } from './store';

/** The filters that are no lint checks: how a pair was judged, what a run made of it, numbers, shared prompts. */
export function filterMenu(store: Store): Menu {
  return new Menu('Filter', 'Filter the list', (panel, close) => {
    panel.append(
      judged(store),
      ...(store.ready?.run ? [learned(store)] : []),
      range(store, close),
      prompts(store),
    );
  });
}

function group(title: string, ...children: Node[]): HTMLElement {
  return make('fieldset', {}, make('legend', {}, title), ...children);
}

function checkbox(label: string, on: boolean, change: (on: boolean) => void, title = ''): HTMLElement {
  const box = make('input', { type: 'checkbox' });
  box.checked = on;
  box.addEventListener('change', () => change(box.checked));
  return make('label', { class: 'ftw-check', title: title || null }, box, label);
}

function judged(store: Store): HTMLElement {
  const counts = store.view?.counts;
  const total = store.ready?.total ?? 0;
  const boxes: HTMLElement[] = [];
  const add = (state: string, label: string, size: number) =>
    boxes.push(
      checkbox(`${label} (${count(size)})`, store.query.verdicts.includes(state), on => {
        const others = store.query.verdicts.filter(other => other !== state);
        store.look({ verdicts: on ? [...others, state] : others });
      }),
    );
  add('unjudged', 'not judged yet', total - (counts?.judged ?? 0));
  for (const [state, [sign, words]] of Object.entries(STATE_MARKS))
    add(state, `${sign} ${words}`, counts?.[state] ?? 0);
  return group('Judged', ...boxes);
}

function learned(store: Store): HTMLElement {
  const states: [string, string, string][] = [
    ['never_learned', 'never learned', 'The run saw the pair and its margin was never above 0'],
    ['flipped', 'flipped', 'The margin was above 0 once and is not any more'],
  ];
  return group(
    'In the run',
    ...states.map(([state, label, title]) =>
      checkbox(
        label,
        store.query.run.includes(state),
        on => {
          const others = store.query.run.filter(other => other !== state);
          store.look({ run: on ? [...others, state] : others });
        },
        title,
      ),
    ),
  );
}

function range(store: Store, close: () => void): HTMLElement {
  const column = make(
    'select',
    { 'aria-label': 'Number' },
    ...store.columns.map(c => make('option', { value: c.name }, c.label)),
  );
  const field = (label: string) =>
    make('input', {
      type: 'number',
      step: 'any',
      placeholder: label,
      'aria-label': label,
      class: 'ftw-number',
    });
  const [low, high] = [field('at least'), field('at most')];
  const value = (input: HTMLInputElement) => (input.value === '' ? null : Number(input.value));
  const add = () => {
    if (value(low) === null && value(high) === null) return;
    const others = store.query.ranges.filter(([name]) => name !== column.value);
    store.look({ ranges: [...others, [column.value, value(low), value(high)]] });
    close();
  };
  for (const input of [low, high]) {
    input.addEventListener('keydown', event => {
      if (event.key === 'Enter') add();
    });
  }
  return group(
    'Number',
    column,
    make('div', { class: 'ftw-field' }, low, high, button('Add', add, { title: 'Add this filter' })),
  );
}

function prompts(store: Store): HTMLElement {
  return group(
    'Prompts',
    checkbox(
      'one pair a prompt',
      store.query.collapse,
      on => store.look({ collapse: on }),
      'Collapse pairs that share their prompt',
    ),
  );
}
