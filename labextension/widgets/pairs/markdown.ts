/**
 * Markdown as a person would read it, from untrusted text: elements are built one by one, no markup is ever parsed by
 * the browser, links and pictures are named and never followed or loaded.
 */
import { make } from './dom';
import { appendText } from './visible';

const INLINE =
  /(`+)([^`][\s\S]{0,4000}?)\1(?!`)|!\[([^\]\n]{0,400})\]\(([^)\n]{0,2000})\)|\[([^\]\n]{1,400})\]\(([^)\n]{0,2000})\)|(\*\*|__)(?=\S)([\s\S]{1,4000}?)\7|(?<![\w*])([*_])(?=\S)([^*_\n]+?)\9(?!\w)|~~(?=\S)([^~\n]+)~~/g;
const DEEPEST = 6;

export function markdown(text: string): HTMLElement {
  const root = make('div', { class: 'ftw-markdown' });
  blocks(root, text.split(/\r?\n/), 0);
  return root;
}

function blocks(parent: HTMLElement, lines: string[], depth: number): void {
  let at = 0;
  const take = (belongs: (line: string) => boolean) => {
    const from = at;
    while (at < lines.length && belongs(lines[at])) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    const fence = /^ {0,3}(```+|~~~+)\s*([^`]*)$/.exec(line);
    const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (!line.trim()) at++;
    else if (fence) {
      at++;
      const code = take(other => !other.trim().startsWith(fence[1]));
      at++;
      parent.append(codeBlock(code.join('\n'), fence[2].trim()));
    } else if (heading) {
      at++;
      const element = make('div', {
        class: `ftw-h ftw-h${heading[1].length}`,
        role: 'heading',
        'aria-level': heading[1].length,
      });
      inline(element, heading[2], depth);
      parent.append(element);
    } else if (/^ {0,3}([-*_])( *\1){2,}\s*$/.test(line)) {
      at++;
      parent.append(make('hr'));
    } else if (/^ {0,3}>/.test(line) && depth < DEEPEST) {
      const quote = make('blockquote');
      blocks(
        quote,
        take(other => /^ {0,3}>/.test(other)).map(other => other.replace(/^ {0,3}> ?/, '')),
        depth + 1,
      );
      parent.append(quote);
    } else if (item(line) && depth < DEEPEST)
      parent.append(
        list(
          take(other => !!item(other) || /^(\s{2,}|\t)\S/.test(other)),
          depth,
        ),
      );
    else if (isTable(lines, at))
      parent.append(
        table(
          take(other => other.includes('|')),
          depth,
        ),
      );
    else {
      const paragraph = make('p');
      const own = take(other => !!other.trim() && !startsBlock(other));
      if (!own.length) own.push(lines[at++]); // deeper than we go: as it stands
      inline(paragraph, own.join('\n'), depth);
      parent.append(paragraph);
    }
  }
}

function item(line: string): RegExpExecArray | null {
  return /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/.exec(line);
}

function startsBlock(line: string): boolean {
  return /^ {0,3}(```|~~~|#{1,6}\s|>)/.test(line) || !!item(line);
}

function list(lines: string[], depth: number): HTMLElement {
  const first = item(lines[0])!;
  const indent = first[1].length;
  const ordered = /\d/.test(first[2]);
  const element = make(ordered ? 'ol' : 'ul', ordered ? { start: Number.parseInt(first[2], 10) } : {});
  const items: string[][] = [];
  for (const line of lines) {
    const found = item(line);
    if (found && found[1].length <= indent) items.push([found[3]]);
    else items[items.length - 1].push(line.replace(/^(\t| {1,4})/, ''));
  }
  for (const own of items) {
    const entry = make('li');
    inline(entry, own[0], depth);
    if (own.length > 1) blocks(entry, own.slice(1), depth + 1);
    element.append(entry);
  }
  return element;
}

function isTable(lines: string[], at: number): boolean {
  return lines[at].includes('|') && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[at + 1] ?? '');
}

function table(lines: string[], depth: number): HTMLElement {
  const cells = (line: string) =>
    line
      .trim()
      .replace(/^\||\|$/g, '')
      .split('|');
  const element = make('table');
  for (const [number, line] of lines.entries()) {
    if (number === 1) continue;
    const row = make('tr');
    for (const text of cells(line)) {
      const cell = make(number ? 'td' : 'th');
      inline(cell, text.trim(), depth);
      row.append(cell);
    }
    element.append(row);
  }
  return make('div', { class: 'ftw-table' }, element);
}

function codeBlock(code: string, language: string): HTMLElement {
  const element = make('code');
  appendText(element, code);
  return make('pre', { class: 'ftw-code', title: language.slice(0, 40) || null }, element);
}

function inline(parent: HTMLElement, text: string, depth: number): void {
  let from = 0;
  const nested = (tag: 'strong' | 'em' | 's', inner: string) => {
    const element = make(tag);
    if (depth < DEEPEST) inline(element, inner, depth + 1);
    else appendText(element, inner);
    parent.append(element);
  };
  for (const found of text.matchAll(INLINE)) {
    appendText(parent, text.slice(from, found.index));
    from = found.index + found[0].length;
    const [, ticks, code, alt, source, label, target, , strong, , emphasis, struck] = found;
    if (ticks) {
      const element = make('code');
      appendText(element, code);
      parent.append(element);
    } else if (source !== undefined) parent.append(named('picture', alt, source));
    else if (target !== undefined) parent.append(named('link', label, target));
    else if (strong !== undefined) nested('strong', strong);
    else if (emphasis !== undefined) nested('em', emphasis);
    else nested('s', struck);
  }
  appendText(parent, text.slice(from));
}

/** What a link or picture would be, with its address as text. */
function named(what: string, label: string, address: string): HTMLElement {
  const element = make('span', {
    class: 'ftw-address',
    title: `${what}, not ${what === 'link' ? 'followed' : 'loaded'}`,
  });
  appendText(element, what === 'picture' ? `[picture: ${label}]` : label);
  const where = make('span', { class: 'ftw-where' });
  appendText(where, ` (${address.length > 120 ? `${address.slice(0, 119)}…` : address})`);
  element.append(where);
  return element;
}
