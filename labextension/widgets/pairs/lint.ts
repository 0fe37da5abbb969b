import { button, count, make, many } from './dom';
import type { Check, Finding } from './protocol';
import type { Store, Topic } from './store';

const SIGNS = { fault: '✗', warning: '!', info: 'i' };

/** What the lint found: a count each, one press to see the rows, and what may be done with all of them. */
export class LintStrip {
  readonly element: HTMLElement;
  private readonly strip = make('div', { class: 'ftw-lint', role: 'group', 'aria-label': 'Lint' });
  private readonly about = make('div', { class: 'ftw-about' });
  private confirming = false;
  private readonly leave: () => void;

  constructor(private readonly store: Store) {
    this.element = make('div', {}, this.strip, this.about);
    this.leave = store.on(topic => this.changed(topic));
  }

  dispose(): void {
    this.leave();
  }

  private changed(topic: Topic): void {
    if (topic === 'view') this.confirming = false;
    if (topic === 'ready' || topic === 'lint' || topic === 'view') this.draw();
  }

  private draw(): void {
    const { checks, findings, lint, notChecked } = this.store;
    const found: Node[] = [];
    const clean: string[] = [];
    for (const check of checks.values()) {
      const finding = findings.get(check.id);
      if (!finding) continue;
      if (finding.suspicious || this.store.query.checks.includes(check.id))
        found.push(this.chip(check, finding));
      else clean.push(check.title);
    }
    const rest: (Node | false)[] = [];
    if (lint.state === 'running') {
      rest.push(
        make('progress', { max: 1, value: lint.progress, 'aria-label': 'Lint' }),
        make('span', { class: 'ftw-quiet' }, `${Math.floor(100 * lint.progress)} %`),
        button('Stop', () => this.store.kernel.ask('lint', { stop: true }).catch(this.store.fail), {
          title: 'Stop the lint',
        }),
      );
    } else if (lint.state === 'stopped' || lint.state === 'waiting') {
      rest.push(
        button('Run lint', () => this.store.kernel.ask('lint').catch(this.store.fail), {
          title: 'Look for faults in the pairs',
        }),
      );
    }
    if (clean.length) {
      const said = lint.state === 'done' && !found.length ? 'nothing suspicious' : `${clean.length} clean`;
      rest.push(
        make('span', { class: 'ftw-quiet', title: `Nothing found:\n${clean.join('\n')}` }, `✓ ${said}`),
      );
    }
    const missing = Object.entries(notChecked);
    if (missing.length) {
      const why = missing.map(([id, reason]) => `${checks.get(id)?.title ?? id}: ${reason}`).join('\n');
      rest.push(make('span', { class: 'ftw-quiet', title: why }, `○ ${missing.length} not checked`));
    }
    this.strip.replaceChildren(
      make('span', { class: 'ftw-quiet' }, 'Lint'),
      ...found,
      ...rest.filter(node => node !== false),
    );
    this.drawAbout();
  }

  private chip(check: Check, finding: Finding): HTMLElement {
    const on = this.store.query.checks.includes(check.id);
    const bias = finding.values.accuracy;
    const share =
      bias === null || bias === undefined ? '' : `${Math.round(100 * Math.max(bias, 1 - bias))} %`;
    const label = make(
      'span',
      {},
      make('span', { class: 'ftw-sign', 'aria-hidden': 'true' }, SIGNS[check.severity]),
      ` ${check.title} `,
      make('b', {}, check.marks_rows ? count(finding.count) : share),
    );
    const press = () => {
      const checks = on ? [] : [check.id];
      // A fact about the whole set is best seen by its extremes.
      const sort =
        !check.marks_rows && !on ? { sort: 'length_difference', descending: (bias ?? 1) >= 0.5 } : {};
      this.store.look({ checks, ...sort });
    };
    return button(label, press, {
      class: `ftw-finding ftw-${check.severity}`,
      title: [check.meaning, finding.text].filter(Boolean).join('\n'),
      pressed: on,
    });
  }

  /** A line on what is filtered by, with what can be done to all of it. */
  private drawAbout(): void {
    const { query, view, checks, findings } = this.store;
    const check = query.checks.length === 1 ? checks.get(query.checks[0]) : undefined;
    const finding = check && findings.get(check.id);
    this.about.hidden = !check || !finding || !view;
    if (!check || !finding || !view) return;
    const total = this.store.ready?.total ?? 0;
    const text = [
      check.meaning,
      finding.text && `${finding.text[0].toUpperCase()}${finding.text.slice(1)}.`,
      finding.looked_at < total && `Looked at ${many(finding.looked_at, 'pair')}.`,
    ];
    const parts: Node[] = [make('span', { class: 'ftw-meaning' }, text.filter(Boolean).join(' '))];
    if (view.count && !view.partial && check.marks_rows) parts.push(this.dropAll(view.count));
    this.about.replaceChildren(...parts);
  }

  private dropAll(size: number): HTMLElement {
    const ask = (confirming: boolean) => {
      this.confirming = confirming;
      this.drawAbout();
    };
    if (!this.confirming)
      return button(`Drop all ${count(size)}…`, () => ask(true), {
        title: 'Decide on all pairs in the list at once',
      });
    const yes = button(`Drop ${many(size, 'pair')}`, () => {
      ask(false);
      this.store.judgeShown('drop');
    });
    yes.classList.add('ftw-primary');
    return make(
      'span',
      { class: 'ftw-field' },
      'One undo takes it back.',
      yes,
      button('Cancel', () => ask(false)),
    );
  }
}
