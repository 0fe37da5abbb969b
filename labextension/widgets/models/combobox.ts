import type { AnyModel } from '@anywidget/types';
import { List, type Row } from './list';

export interface Traits {
  value: string;
  description: string;
  tooltip: string | null;
}

export type Message =
  | { type: 'found'; text: string; rows: Row[]; more: number; problem?: string }
  | { type: 'about'; name: string; words: string };

/**
 * An editable combobox with a list, by the ARIA Authoring Practices: the focus stays in the field, arrows move in the
 * list, Enter picks, Escape closes. What is typed counts when the list closes, so that nothing is said of half a name.
 */
export class Combobox {
  private readonly input = document.createElement('input');
  private readonly list: List;
  private asked = '';
  private readonly follow = () => this.show();
  private readonly away = new AbortController();

  constructor(
    el: HTMLElement,
    private readonly model: AnyModel<Traits>,
  ) {
    const label = document.createElement('label');
    label.className = 'widget-label';
    label.textContent = model.get('description');
    const id = `ftw-models-${Math.random().toString(36).slice(2)}`; // randomUUID is only for https and localhost
    label.htmlFor = id;
    const attributes = {
      id,
      type: 'text',
      role: 'combobox',
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-autocomplete': 'list',
      'aria-expanded': 'false',
      'aria-controls': `${id}-list`,
      title: model.get('tooltip') ?? '',
    };
    for (const [name, value] of Object.entries(attributes)) this.input.setAttribute(name, value);
    this.input.className = 'ftw-models-input';
    this.list = new List(`${id}-list`, label.textContent ?? '', row => this.pick(row));
    el.append(label, this.input, this.list.root);
    const { signal } = this.away;
    this.input.addEventListener('input', () => this.ask(this.input.value, !this.list.open), { signal });
    this.input.addEventListener('keydown', event => this.key(event), { signal });
    this.input.addEventListener('click', () => this.open(), { signal });
    this.input.addEventListener('blur', () => this.close(), { signal });
    model.on('change:value', this.follow);
    this.show();
  }

  receive(message: Message): void {
    if (message.type === 'about') this.list.about(message.name, message.words);
    else if (this.list.open && (message.text === this.asked || message.problem)) {
      this.list.fill(message.rows, message.more, message.problem ?? '', this.model.get('value'));
      this.point();
    }
  }

  dispose(): void {
    this.away.abort();
    this.model.off('change:value', this.follow);
    this.list.hide();
  }

  private show(): void {
    if (this.input.value !== this.model.get('value')) this.input.value = this.model.get('value');
  }

  /** Everything there is: what stands in the field is no question before somebody types. */
  private open(): void {
    if (!this.list.open) this.ask('', true);
  }

  private ask(text: string, fresh: boolean): void {
    this.asked = text;
    this.list.show(this.input);
    this.input.setAttribute('aria-expanded', 'true');
    this.model.send({ type: 'ask', text, fresh });
  }

  private close(): void {
    this.list.hide();
    this.input.setAttribute('aria-expanded', 'false');
    this.point();
    this.keep(this.input.value);
  }

  private keep(value: string): void {
    if (value === this.model.get('value')) return;
    this.model.set('value', value);
    this.model.save_changes();
  }

  private key(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step !== undefined) {
      if (this.list.open) this.list.move(step);
      else this.open();
      this.point();
    } else if (event.key === 'Enter') {
      const row = this.list.open ? this.list.chosen : undefined;
      if (row) this.pick(row);
      else this.close();
    } else if (event.key === 'Escape' && this.list.open) this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private pick(row: Row): void {
    // The base of an adapter becomes the model: Python knows which.
    this.input.value = row.adapter ? this.model.get('value') : row.name;
    this.model.send({ type: 'pick', name: row.name });
    this.close();
    this.input.focus();
  }

  private point(): void {
    const id = this.list.open ? this.list.active : '';
    if (id) this.input.setAttribute('aria-activedescendant', id);
    else this.input.removeAttribute('aria-activedescendant');
  }
}
