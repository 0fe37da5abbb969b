import { make } from '../preflight/dom';
import type { Rank, Result, Tally } from './protocol';

/** The tally with names: in words, as a table with intervals, and what was chosen. */
export function resultView(result: Result): HTMLElement {
  const box = make('div', 'ftw-result');
  for (const words of result.words) box.append(make('p', 'ftw-words', words));
  box.append(tallyTable(result.tally));
  if (result.ranking.length) box.append(rankTable(result.ranking, result.reference));
  if (result.choices.length) {
    const details = make('details');
    details.append(make('summary', '', 'What you chose'), choiceTable(result));
    box.append(details);
  }
  return box;
}

/** The one preferred more often stands first, as in the words above. */
function tallyTable(rows: Tally[]): HTMLElement {
  const heads = ['preferred', 'to', 'tie', 'both bad', 'same answer', 'share of the first, 95%'];
  return table(
    'Judgements',
    heads,
    rows
      .map(turned)
      .map(row => [
        counted(row.first, row.wins),
        counted(row.second, row.losses),
        String(row.ties),
        String(row['both bad']),
        String(row['same answer']),
        row.share === null ? '–' : interval(row.share, row.low, row.high),
      ]),
  );
}

function turned(row: Tally): Tally {
  if (row.wins >= row.losses) return row;
  const share = row.share === null ? null : 1 - row.share;
  const names = { first: row.second, second: row.first, wins: row.losses, losses: row.wins };
  return { ...row, ...names, share, low: 1 - row.high, high: 1 - row.low };
}

function counted(name: string, count: number): HTMLElement {
  const box = make('span', '');
  box.append(make('bdi', '', name), ' ', make('b', '', String(count)));
  return box;
}

function rankTable(rows: Rank[], reference: string): HTMLElement {
  return table(
    'All together, by Bradley and Terry: ties and both bad count half',
    ['', `chance to be preferred to ${reference}, 95%`],
    rows.map(row => [
      row.name,
      row.name === reference ? 'the reference' : interval(row.chance, row.low, row.high),
    ]),
  );
}

function choiceTable(result: Result): HTMLElement {
  return table(
    'Judgements in the order they were made',
    ['prompt', 'A was', 'B was', 'preferred'],
    result.choices.map(row => [row.prompt, row.left, row.right, row.preferred]),
  );
}

function table(title: string, heads: string[], rows: (string | HTMLElement)[][]): HTMLElement {
  const box = make('div', 'ftw-scroll');
  const made = make('table');
  made.append(make('caption', '', title));
  const head = make('tr');
  for (const name of heads) head.append(make('th', '', name, { scope: 'col' }));
  made.append(head);
  for (const cells of rows) {
    const line = make('tr');
    for (const cell of cells) {
      const td = make('td', typeof cell === 'string' && /^\d+$/.test(cell) ? 'ftw-number' : '');
      td.append(typeof cell === 'string' ? make('bdi', '', cell) : cell);
      line.append(td);
    }
    made.append(line);
  }
  box.append(made);
  return box;
}

/** A share with its interval, as numbers and as a bar from 0 to 100% with one half marked. */
function interval(share: number, low: number, high: number): HTMLElement {
  const percent = (value: number) => `${Math.round(100 * value)}%`;
  const box = make('span', '', `${percent(share)} (${percent(low)} to ${percent(high)})`);
  const bar = make('span', 'ftw-interval', '', { 'aria-hidden': 'true' });
  const range = make('i');
  range.style.left = `${100 * low}%`;
  range.style.width = `${100 * (high - low)}%`;
  const middle = make('b');
  middle.style.left = `${100 * share}%`;
  bar.append(range, middle);
  box.append(bar);
  return box;
}
