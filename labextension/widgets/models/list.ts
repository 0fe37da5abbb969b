export interface Row {
  name: string;
  label: string;
  place: string;
  adapter: boolean;
}

const LOOKING = 'Looking through this machine…';
const NOTHING = 'Nothing of that name is on this machine. A hub id is author/model.';
const ROOM = 8; // px between the list and the window's edge
const LONGEST = 360; // px

function make(tag: string, kind: string, text = ''): HTMLElement {
  const element = document.createElement(tag);
  element.className = kind;
  element.textContent = text;
  return element;
}

/** The list under the field. It stands above all else (popover), for cells and forms cut off what leaves them. */
export class List {
  readonly root = make('div', 'ftw-models-list');
  private readonly options = make('ul', 'ftw-models-options');
  private readonly said = make('div', 'ftw-models-said', LOOKING);
  private rows: Row[] = [];
  private at = -1;
  private frame = 0;
  private placed = '';

  constructor(
    private readonly id: string,
    label: string,
    private readonly pick: (row: Row) => void,
  ) {
    this.root.setAttribute('popover', 'manual');
    this.options.id = id;
    this.options.setAttribute('role', 'listbox');
    this.options.setAttribute('aria-label', label);
    this.said.setAttribute('role', 'status');
    this.root.append(this.options, this.said);
    // The field would lose the focus, and with it the list, before the click arrives.
    this.root.addEventListener('pointerdown', event => event.preventDefault());
    this.root.addEventListener('mousedown', event => event.preventDefault());
    this.options.addEventListener('click', event => {
      const option = (event.target as HTMLElement).closest('li');
      const row = option && this.rows[[...this.options.children].indexOf(option)];
      if (row) this.pick(row);
    });
  }

  get open(): boolean {
    return this.root.matches(':popover-open');
  }

  get chosen(): Row | undefined {
    return this.rows[this.at];
  }

  /** The element that the arrows have come to. */
  get active(): string {
    return this.at < 0 ? '' : `${this.id}-${this.at}`;
  }

  show(under: HTMLElement): void {
    if (this.open) return;
    this.say(this.rows.length ? '' : LOOKING);
    this.root.showPopover();
    // What is above all else does not move with the page, so it follows the field.
    const follow = () => {
      if (!this.open) return;
      this.place(under.getBoundingClientRect());
      this.frame = requestAnimationFrame(follow);
    };
    follow();
  }

  hide(): void {
    cancelAnimationFrame(this.frame);
    if (this.open) this.root.hidePopover();
    this.at = -1;
    this.mark();
  }

  private place(box: DOMRect): void {
    const below = window.innerHeight - box.bottom - ROOM;
    const above = box.top - ROOM;
    const up = below < Math.min(LONGEST, above);
    const style = {
      left: `${box.left}px`,
      width: `${box.width}px`,
      maxHeight: `${Math.min(LONGEST, up ? above : below)}px`,
      top: up ? 'auto' : `${box.bottom + 2}px`,
      bottom: up ? `${window.innerHeight - box.top + 2}px` : 'auto',
    };
    const now = JSON.stringify(style);
    if (now !== this.placed) Object.assign(this.root.style, style);
    this.placed = now;
  }

  fill(rows: Row[], more: number, problem: string, current: string): void {
    this.rows = rows;
    this.at = -1;
    this.options.replaceChildren(
      ...rows.map((row, i) => {
        const option = make('li', row.name === current ? 'ftw-models-current' : '');
        option.id = `${this.id}-${i}`;
        option.setAttribute('role', 'option');
        option.setAttribute('aria-selected', 'false');
        option.title = row.name;
        option.append(
          make('span', 'ftw-models-name', row.label),
          make('span', 'ftw-models-about', '…'),
          make('span', 'ftw-models-place', row.adapter ? `${row.place} · go on training it` : row.place),
        );
        return option;
      }),
    );
    this.say(
      problem ||
        (rows.length ? (more ? `${more.toLocaleString('en')} more: type on to narrow` : '') : NOTHING),
    );
  }

  about(name: string, words: string): void {
    const at = this.rows.findIndex(row => row.name === name);
    const place = this.options.children[at]?.querySelector('.ftw-models-about');
    if (place) place.textContent = words;
  }

  move(step: number): void {
    const last = this.rows.length - 1;
    const next = this.at + step;
    // By one step the list is a ring; a page stops at its ends.
    this.at =
      Math.abs(step) > 1 ? Math.max(0, Math.min(last, next)) : next > last ? 0 : next < 0 ? last : next;
    this.mark();
  }

  private mark(): void {
    for (const [i, option] of [...this.options.children].entries()) {
      option.setAttribute('aria-selected', String(i === this.at));
      if (i === this.at) option.scrollIntoView({ block: 'nearest' });
    }
  }

  private say(text: string): void {
    this.said.textContent = text;
    this.said.hidden = !text;
  }
}
