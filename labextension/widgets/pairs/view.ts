import { followTheme } from '../page_theme';
import { shield } from '../shield';
import { Detail } from './detail';
import { button, make } from './dom';
import { exportMenu } from './exports';
import { EyesStrip } from './eyes';
import { filterMenu } from './filters';
import { Judge } from './judge';
import { LintStrip } from './lint';
import { List } from './list';
import type { Verdict } from './protocol';
import type { Store, Topic } from './store';
import { Toolbar } from './toolbar';

const VERDICT_KEYS: Record<string, Verdict> = { k: 'keep', d: 'drop', s: 'swap', t: 'tie' };
let views = 0;

/** One display of the viewer. */
export class PairsView {
  private readonly root: HTMLElement;
  private readonly toolbar: Toolbar;
  private readonly lint: LintStrip;
  private readonly eyes: EyesStrip;
  private readonly list: List;
  private readonly detail: Detail;
  private readonly judge: Judge;
  private readonly said = make('div', { class: 'ftw-said' });
  private readonly live = make('div', { class: 'ftw-live', role: 'status', 'aria-live': 'polite' });
  private readonly notices = make('div', { class: 'ftw-notices' });
  private readonly ends: (() => void)[];
  private inside = false;
  private readonly elsewhere = (event: Event) => {
    if (!event.composedPath().includes(this.root)) this.inside = false;
  };
  // A button that is redrawn or gone after its press takes the focus with it: the keys must go on working.
  private readonly rescue = new MutationObserver(() => {
    const { activeElement } = this.root.getRootNode() as Document;
    if (this.inside && (!activeElement || activeElement === document.body))
      this.list.element.focus({ preventScroll: true });
  });

  constructor(
    el: HTMLElement,
    private readonly store: Store,
    height: number,
  ) {
    this.list = new List(store, `ftw-pairs-${++views}`);
    const focusList = () => this.list.element.focus({ preventScroll: true });
    this.toolbar = new Toolbar(store, filterMenu(store), exportMenu(store), focusList);
    this.lint = new LintStrip(store);
    this.eyes = new EyesStrip(store);
    this.detail = new Detail(store);
    this.judge = new Judge(store, focusList);
    this.root = make(
      'div',
      { class: 'ftw-pairs' },
      this.toolbar.element,
      this.lint.element,
      this.eyes.element,
      this.notices,
      make(
        'div',
        { class: 'ftw-body' },
        this.list.element,
        make('div', { class: 'ftw-main' }, this.detail.element, this.judge.element),
      ),
      this.said,
      this.live,
    );
    this.setHeight(height);
    this.root.addEventListener('keydown', event => this.key(event));
    this.root.addEventListener('focusin', () => {
      this.inside = true;
    });
    document.addEventListener('pointerdown', this.elsewhere, true);
    document.addEventListener('focusin', this.elsewhere, true);
    this.rescue.observe(this.root, { childList: true, subtree: true });
    el.append(this.root);
    this.ends = [
      store.on(topic => this.changed(topic)),
      shield(this.root),
      followTheme(this.root, 'ftw-dark'),
    ];
    if (store.ready) for (const topic of ['ready', 'columns', 'view', 'pair'] as Topic[]) this.redraw(topic);
  }

  /** A view opened later shows what the others show. */
  private redraw(topic: Topic): void {
    for (const part of [this.toolbar, this.lint, this.eyes, this.list, this.detail, this.judge])
      (part as unknown as { changed(topic: Topic): void }).changed(topic);
    this.changed(topic);
  }

  setHeight(height: number): void {
    this.root.style.setProperty('--ftw-height', `${height}px`);
  }

  dispose(): void {
    document.removeEventListener('pointerdown', this.elsewhere, true);
    document.removeEventListener('focusin', this.elsewhere, true);
    this.rescue.disconnect();
    for (const end of this.ends) end();
    for (const part of [this.toolbar, this.lint, this.eyes, this.list, this.detail, this.judge])
      part.dispose();
    this.root.remove();
  }

  private changed(topic: Topic): void {
    if (topic === 'ready') {
      const notices = this.store.ready?.notices ?? [];
      this.notices.hidden = !notices.length;
      this.notices.replaceChildren(...notices.map(text => make('div', {}, `! ${text}`)));
    }
    if (topic !== 'said') return;
    const { text, failed } = this.store.said;
    this.live.textContent = text;
    this.said.classList.toggle('ftw-failed', failed);
    this.said.setAttribute('role', failed ? 'alert' : 'presentation');
    this.said.replaceChildren(
      make('span', { dir: 'auto' }, failed ? `✗ ${text}` : text),
      ...(failed ? [button('✕', () => this.store.say(''), { title: 'Close' })] : []),
    );
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      target.matches('input:not([type=checkbox]), textarea, select')
    )
      return;
    const { store } = this;
    const inScroller = !!target.closest('.ftw-scroller');
    const next = (by: number) => store.select(store.index + by);
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in VERDICT_KEYS && !event.shiftKey) this.judge.decide(VERDICT_KEYS[key]);
    else if (key === 'j') next(event.shiftKey ? -1 : 1);
    else if (key === 'ArrowDown' && !inScroller) next(1);
    else if (key === 'ArrowUp' && !inScroller) next(-1);
    else if (key === 'e') this.judge.edit();
    else if (key === 'n') this.judge.note();
    else if (key === 'z') store.step(event.shiftKey ? 'redo' : 'undo');
    else if (key === 'p') this.detail.togglePrompt();
    else if (key === ' ' && !target.closest('button, summary')) this.detail.readOn(event.shiftKey ? -1 : 1);
    else if (key === 'x') this.detail.toggle('differences');
    else if (key === 'm') this.detail.toggle('rendered');
    else if (key === 'w') this.detail.toggle('spaces');
    else if (key === '/') this.toolbar.search.focus();
    else if (key === '?') this.judge.toggleHelp();
    else if (key === 'Escape' && this.judge.helping) this.judge.toggleHelp();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
