import { button, make } from './dom';

/** A button with a panel under it; Escape or a click elsewhere closes it. */
export class Menu {
  readonly element: HTMLElement;
  readonly panel: HTMLElement;
  private readonly opener: HTMLButtonElement;
  private readonly outside = (event: Event) => {
    if (!event.composedPath().includes(this.element)) this.close();
  };

  constructor(
    label: string,
    title: string,
    private readonly fill: (panel: HTMLElement, close: () => void) => void,
  ) {
    this.opener = button(label, () => (this.panel.hidden ? this.open() : this.close()), {
      title,
      class: 'ftw-opener',
    });
    this.opener.setAttribute('aria-haspopup', 'dialog');
    this.opener.setAttribute('aria-expanded', 'false');
    this.panel = make('div', { class: 'ftw-panel', role: 'dialog', 'aria-label': title, hidden: true });
    this.element = make('div', { class: 'ftw-menu' }, this.opener, this.panel);
    this.element.addEventListener('keydown', event => {
      if (event.key !== 'Escape' || this.panel.hidden) return;
      event.stopPropagation();
      this.close();
      this.opener.focus();
    });
  }

  open(): void {
    this.refill();
    this.panel.hidden = false;
    this.opener.setAttribute('aria-expanded', 'true');
    document.addEventListener('pointerdown', this.outside, true);
    // Near the right edge it opens to the left.
    const room = this.element.closest('.ftw-pairs')?.getBoundingClientRect();
    const here = this.element.getBoundingClientRect();
    this.panel.classList.toggle('ftw-leftward', !!room && here.left + this.panel.offsetWidth > room.right);
    this.panel.querySelector<HTMLElement>('input, select, button')?.focus();
  }

  close(): void {
    this.panel.hidden = true;
    this.opener.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', this.outside, true);
  }

  refill(): void {
    this.panel.replaceChildren();
    this.fill(this.panel, () => this.close());
  }
}
