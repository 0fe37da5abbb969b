import { make, setText } from './dom';
import type { PanelSpec } from './store';

const TEXT = {
  title: 'Metrics',
  tip: 'Which charts are open',
  search: 'Search metrics',
  none: 'No metric has this name.',
};

/** Every metric that the run logs, by chart: open the ones to look at. */
export class Picker {
  readonly element = make('div', 'ftw-curves-picker');
  private readonly button = make('button', 'ftw-curves-button', TEXT.title, {
    type: 'button',
    title: TEXT.tip,
    'aria-expanded': 'false',
    'aria-haspopup': 'true',
  });
  private readonly menu = make('div', 'ftw-curves-menu', '', { role: 'group', 'aria-label': TEXT.tip });
  private readonly search = make('input', 'ftw-curves-search', '', {
    type: 'search',
    placeholder: TEXT.search,
    'aria-label': TEXT.search,
  });
  private readonly list = make('div', 'ftw-curves-menu-list');
  private panels: PanelSpec[] = [];
  private isOpen: (panel: PanelSpec) => boolean = () => true;
  private readonly away = (event: Event) => {
    if (!this.element.contains(event.composedPath()[0] as Node)) this.expand(false);
  };

  constructor(private readonly choose: (panel: PanelSpec, open: boolean) => void) {
    this.menu.hidden = true;
    this.menu.append(this.search, this.list);
    this.element.append(this.button, this.menu);
    this.button.addEventListener('click', () => this.expand(!!this.menu.hidden));
    this.search.addEventListener('input', () => this.filter());
    this.element.addEventListener('keydown', event => {
      if (event.key !== 'Escape' || this.menu.hidden) return;
      event.stopPropagation();
      this.expand(false);
      this.button.focus();
    });
  }

  update(panels: PanelSpec[], isOpen: (panel: PanelSpec) => boolean): void {
    this.isOpen = isOpen;
    const closed = panels.filter(panel => !isOpen(panel)).length;
    setText(this.button, closed ? `${TEXT.title} (${closed} more)` : TEXT.title);
    if (panels !== this.panels) {
      this.panels = panels;
      this.list.replaceChildren(...panels.map(panel => this.row(panel)));
      this.filter();
    }
    for (const box of this.list.querySelectorAll('input')) {
      const panel = panels.find(p => p.id === box.value);
      if (panel) box.checked = isOpen(panel);
    }
  }

  dispose(): void {
    document.removeEventListener('pointerdown', this.away, true);
  }

  private expand(open: boolean): void {
    this.menu.hidden = !open;
    this.button.setAttribute('aria-expanded', String(open));
    if (open) {
      document.addEventListener('pointerdown', this.away, true);
      this.search.focus();
    } else this.dispose();
  }

  private row(panel: PanelSpec): HTMLElement {
    const row = make('label', 'ftw-curves-menu-row');
    const box = make('input', '', '', { type: 'checkbox', value: panel.id });
    box.checked = this.isOpen(panel);
    box.addEventListener('change', () => this.choose(panel, box.checked));
    const names = panel.metrics.map(metric => metric.name).join('  ');
    row.append(box, make('span', '', panel.title), make('span', 'ftw-curves-names', names, { title: names }));
    return row;
  }

  private filter(): void {
    const words = this.search.value.toLowerCase().split(/\s+/);
    let found = 0;
    for (const row of this.list.querySelectorAll<HTMLElement>('.ftw-curves-menu-row')) {
      const text = (row.textContent ?? '').toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
      if (!row.hidden) found++;
    }
    this.list.dataset.empty = found ? '' : TEXT.none;
  }
}
