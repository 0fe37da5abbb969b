import { button, count, make } from '../preflight/dom';
import { shield } from '../shield';
import { KEYS, type Match, type Request, type State, type Verdict } from './protocol';
import { resultView } from './result';

const VERDICTS: [verdict: Verdict, label: string, key: string, title: string][] = [
  ['left', 'A is better', 'A', 'The answer on the left (A or ←)'],
  ['tie', 'Tie', 'T', 'Both are as good (T)'],
  ['bad', 'Both bad', 'X', 'Neither will do (X)'],
  ['right', 'B is better', 'B', 'The answer on the right (B or →)'],
];

/** Answering, then one match after the other, then the tally. All text is text. */
export class BlindView {
  private readonly root = make('div', 'ftw-blind', '', {
    tabindex: '0',
    role: 'group',
    'aria-label': 'Blind comparison',
  });
  private readonly head = make('div', 'ftw-head');
  private readonly title = make('div', 'ftw-title');
  private readonly actions = make('div', 'ftw-actions');
  private readonly bar = make('progress', '', '', { 'aria-label': 'Share done' });
  private readonly problem = make('div', 'ftw-problem', '', { role: 'alert' });
  private readonly body = make('div');
  private readonly unshield: () => void;
  private state: State = {};
  private shown = '';

  constructor(
    el: HTMLElement,
    private readonly send: (request: Request) => void,
  ) {
    this.head.append(this.title, this.bar, this.actions);
    this.root.append(this.head, this.problem, this.body);
    this.root.addEventListener('keydown', event => this.key(event));
    this.unshield = shield(this.root);
    el.append(this.root);
  }

  dispose(): void {
    this.unshield();
    this.root.remove();
  }

  show(state: State): void {
    this.state = state;
    this.problem.hidden = !state.problem;
    this.problem.textContent = state.problem ? `⚠ ${state.problem}` : '';
    this.showHead(state);
    // The same match again (a problem came up) keeps what a person has scrolled to or selected.
    const key = JSON.stringify([state.phase, state.match, state.result]);
    if (key === this.shown) return;
    this.shown = key;
    const focused = this.root.contains(document.activeElement);
    if (state.phase === 'revealed' && state.result) this.body.replaceChildren(resultView(state.result));
    else if (state.match) this.body.replaceChildren(this.matchView(state.match));
    else this.body.replaceChildren(make('div', 'ftw-empty', EMPTY[state.phase ?? 'answering'] ?? ''));
    if (focused) this.root.focus({ preventScroll: true });
  }

  private showHead(state: State): void {
    const { phase = 'answering', judged = 0, count: all = 0, same = 0, done = 0, total = 0 } = state;
    const title = make('strong', '', 'Blind comparison');
    this.title.replaceChildren(title, ` ${headline(state)}`);
    this.title.setAttribute('aria-live', 'polite');
    this.title.title = same ? `${count(same)} more pairs gave the same answer twice: nothing to judge` : '';
    const judging = phase === 'judging';
    this.bar.hidden = !(phase === 'answering' || judging);
    this.bar.max = Math.max(1, judging ? all : total);
    if (phase === 'answering' && !total) this.bar.removeAttribute('value');
    else this.bar.value = judging ? judged : done;
    const buttons: HTMLButtonElement[] = [];
    if (phase === 'answering')
      buttons.push(button('Stop', 'Stop answering; what was answered is kept', () => this.ask('cancel')));
    if (phase === 'stopped' || phase === 'failed')
      buttons.push(button('Go on', 'Go on from what was answered', () => this.ask('again')));
    if (judging) {
      const undo = button('Undo', 'Take the last judgement back (U)', () => this.ask('undo'));
      undo.disabled = !state.undo;
      const reveal = button('Show names', 'End the judging: the tally, with the names', () =>
        this.ask('reveal'),
      );
      reveal.disabled = judged === 0 && all > 0;
      if (!state.match) reveal.classList.add('ftw-first');
      buttons.push(undo, reveal);
    }
    this.actions.replaceChildren(...buttons);
  }

  private matchView(match: Match): HTMLElement {
    const box = make('div');
    const prompt = make('div', 'ftw-prompt');
    for (const { role, content } of match.prompt) {
      prompt.append(make('div', 'ftw-role', role), text('ftw-said', content));
    }
    const sides = make('div', 'ftw-sides');
    for (const [name, answer] of [
      ['A', match.left],
      ['B', match.right],
    ] as const) {
      const side = make('section', 'ftw-entry', '', { 'aria-label': `Answer ${name}` });
      side.append(make('div', 'ftw-role', name), text('ftw-said', answer || '(no text)'));
      sides.append(side);
    }
    const bar = make('div', 'ftw-verdicts', '', { role: 'toolbar', 'aria-label': 'Which is better?' });
    for (const [verdict, label, key, title] of VERDICTS) {
      const made = button(label, title, () => this.judge(verdict));
      made.append(make('kbd', '', key));
      bar.append(made);
    }
    box.append(prompt, sides, bar);
    return box;
  }

  private judge(verdict: Verdict): void {
    const { match, phase } = this.state;
    if (match && phase === 'judging') this.send({ type: 'judge', match: match.number, verdict });
  }

  private ask(type: 'undo' | 'reveal' | 'again' | 'cancel'): void {
    this.send({ type });
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() !== 'z')) return;
    const wanted = KEYS[event.key.toLowerCase()];
    if (!wanted || this.state.phase !== 'judging' || event.repeat) return;
    event.preventDefault();
    event.stopPropagation();
    if (wanted === 'undo') {
      if (this.state.undo) this.ask('undo');
    } else this.judge(wanted);
  }
}

const EMPTY: Record<string, string> = {
  answering: 'Every model answers the same prompts first. Then you choose, without knowing who wrote what.',
  stopped: 'Stopped. What was answered is kept.',
  failed: '',
  judging: 'Everything is judged. Show names to see who you preferred.',
};

function headline(state: State): string {
  const { phase = 'answering', done = 0, total = 0, judged = 0, count: all = 0 } = state;
  if (phase === 'answering') {
    return total > 1 && state.text === 'answering'
      ? `answering: ${count(done)} of ${count(total)}`
      : (state.text ?? '');
  }
  if (phase === 'failed' || phase === 'stopped') return `⚠ ${state.text}`;
  if (phase === 'revealed') return `${count(judged)} of ${count(all)} judged`;
  if (!all) return 'everybody gave the same answers: there is nothing to choose between';
  return `${count(judged)} of ${count(all)} judged`;
}

function text(kind: string, content: string): HTMLElement {
  const element = make('bdi', kind, content);
  element.dir = 'auto';
  return element;
}
