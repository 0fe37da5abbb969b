type Attributes = Record<string, string | number | boolean | null | undefined>;
type Child = Node | string | null | undefined | false;

/** An element. Strings become text nodes, never markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child): child is Node | string => !!child || child === ''));
  return element;
}

export interface ButtonOptions {
  title?: string;
  class?: string;
  pressed?: boolean;
  disabled?: boolean;
}

export function button(
  label: string | Node,
  press: () => void,
  options: ButtonOptions = {},
): HTMLButtonElement {
  const element = make(
    'button',
    {
      type: 'button',
      class: `ftw-button ${options.class ?? ''}`.trim(),
      title: options.title,
      'aria-pressed': options.pressed === undefined ? null : String(options.pressed),
      disabled: options.disabled,
    },
    label,
  );
  element.addEventListener('click', press);
  return element;
}

/** A mark that is seen, with words for those who hear it. */
export function mark(sign: string, words: string, className = ''): HTMLElement {
  return make(
    'span',
    { class: `ftw-mark ${className}`.trim(), role: 'img', 'aria-label': words, title: words },
    sign,
  );
}

export function svg(tag: string, attributes: Attributes, ...children: Node[]): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

const whole = new Intl.NumberFormat('en-US');

export function count(value: number): string {
  return whole.format(value);
}

/** "1 pair", "2 pairs". */
export function many(value: number, thing: string): string {
  return `${count(value)} ${thing}${value === 1 ? '' : 's'}`;
}

/** Up to three significant digits, a sign where asked, a real minus. */
export function number(value: number | null, signed = false): string {
  if (value === null || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const digits =
    Number.isInteger(value) || size >= 1000
      ? count(Math.round(size))
      : size >= 0.001
        ? size.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
        : size.toExponential(1);
  return `${value < 0 ? '−' : signed && value > 0 ? '+' : ''}${digits}`;
}
