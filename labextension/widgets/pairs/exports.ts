import { button, count, make, many } from './dom';
import { Menu } from './menu';
import type { Store } from './store';

interface Written {
  exists?: boolean;
  path?: string;
  rows?: number;
}

/** Save the pairs as decided. */
export function exportMenu(store: Store): Menu {
  return new Menu('Export', 'Save the pairs as decided', (panel, close) => {
    const path = make('input', {
      type: 'text',
      'aria-label': 'File',
      class: 'ftw-path',
      spellcheck: 'false',
    });
    path.value = store.ready?.export ?? 'pairs-cleaned.jsonl';
    const judged = make('input', { type: 'checkbox' });
    const said = make('div', { class: 'ftw-quiet', role: 'status' });
    const write = (overwrite: boolean) => {
      said.textContent = 'Writing…';
      store.kernel.ask<Written>('export', { path: path.value, only_judged: judged.checked, overwrite }).then(
        written => {
          if (written.exists) {
            said.replaceChildren(
              'That file exists. ',
              button('Overwrite', () => write(true)),
            );
            return;
          }
          store.say(`${many(written.rows ?? 0, 'pair')} written to ${written.path}`);
          close();
        },
        error => {
          said.textContent = error.message;
        },
      );
    };
    path.addEventListener('keydown', event => {
      if (event.key === 'Enter') write(false);
    });
    const format = (suffix: string) =>
      button(
        `.${suffix}`,
        () => {
          path.value = path.value.replace(/(\.(jsonl|parquet))?$/, `.${suffix}`);
        },
        { title: `Write ${suffix === 'jsonl' ? 'JSON lines' : 'Parquet'}` },
      );
    const counts = store.view?.counts;
    panel.append(
      make(
        'fieldset',
        {},
        make('legend', {}, 'File, beside the notebook'),
        path,
        make('div', { class: 'ftw-field' }, format('jsonl'), format('parquet')),
        make('label', { class: 'ftw-check' }, judged, `only judged pairs (${count(counts?.judged ?? 0)})`),
        make(
          'div',
          { class: 'ftw-field' },
          button('Save', () => write(false), { class: 'ftw-primary' }),
        ),
        said,
      ),
      make(
        'div',
        { class: 'ftw-quiet' },
        `${many((counts?.drop ?? 0) + (counts?.tie ?? 0), 'pair')} left out, ${count(counts?.swap ?? 0)} swapped, ${count(counts?.edited ?? 0)} edited.`,
      ),
    );
  });
}
