import { make, many, number } from './dom';
import type { Pair, Sightings } from './protocol';
import { sparkline } from './spark';
import { appendText } from './visible';

const SHOWN = ['loss', 'margin', 'chosen_reward', 'rejected_reward', 'chosen_logps', 'rejected_logps'];
const SIGNED = /margin|reward/;
const MOST_STEPS = 200;

/** Numbers and metadata of a pair, and how a run saw it. */
export function facts(pair: Pair, steps: [number, number] | null): HTMLElement {
  const element = make('section', { class: 'ftw-facts-of', 'aria-label': 'Scores and columns' });
  if (pair.run?.step.length) element.append(overRun(pair.run, steps));
  const rows: Node[] = [];
  const row = (name: string, value: Node | string) =>
    rows.push(make('div', { class: 'ftw-fact' }, make('dt', {}, name), make('dd', {}, value)));
  for (const { name, label, value } of pair.numbers) row(label, number(value, SIGNED.test(name)));
  if (pair.similarity !== null) row('similarity of the sides', number(pair.similarity));
  for (const { name, text } of pair.metadata) {
    const value = make('span', { dir: 'auto' });
    appendText(value, text || '–');
    row(name, value);
  }
  if (rows.length) element.append(make('dl', {}, ...rows));
  return element;
}

function overRun(run: Sightings, steps: [number, number] | null): HTMLElement {
  const element = make('div', { class: 'ftw-over-run' });
  const measures = SHOWN.filter(name => Array.isArray(run[name]));
  const values = (name: string) => run[name] as (number | null)[];
  const drawn = measures.includes('margin') ? 'margin' : measures[0];
  if (drawn) {
    const seen = values(drawn);
    element.append(
      make('span', { class: 'ftw-quiet' }, `${drawn} over the run`),
      sparkline(run.step, seen, drawn),
      make('span', {}, `${number(seen[0], true)} → ${number(seen[seen.length - 1], true)}`),
    );
  }
  const head = make(
    'tr',
    {},
    ...['step', '', ...measures].map(name => make('th', { scope: 'col' }, name.replace('_', ' '))),
  );
  const body = run.step.slice(-MOST_STEPS).map((step, at) => {
    const i = at + Math.max(0, run.step.length - MOST_STEPS);
    const inside = !!steps && step >= steps[0] && step <= steps[1];
    return make(
      'tr',
      { class: inside ? 'ftw-here' : null },
      make('th', { scope: 'row' }, `${inside ? '▸ ' : ''}${step}`),
      make('td', {}, run.held_out[i] ? 'held out' : 'train'),
      ...measures.map(name => make('td', {}, number(values(name)[i], SIGNED.test(name)))),
    );
  });
  const table = make(
    'details',
    {},
    make('summary', {}, `seen ${many(run.step.length, 'time')}`),
    make(
      'div',
      { class: 'ftw-table' },
      make('table', {}, make('thead', {}, head), make('tbody', {}, ...body)),
    ),
  );
  table.open = !!steps;
  element.append(table);
  return element;
}
