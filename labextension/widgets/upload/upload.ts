// A message above 10 MiB closes the kernel's websocket (tornado's limit), so a file goes in pieces, each answered.
export const PIECE = 2 * 2 ** 20;
const PATIENCE = 8000; // ms without an answer until the person hears that the kernel is busy

interface Message {
  type: 'next' | 'kept' | 'refused';
  id: string;
  at?: number;
  text?: string;
}

type Send = (message: object, buffers?: ArrayBuffer[]) => void;

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string>,
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** A place to drop a file on, or to choose one from. */
export class Upload {
  private readonly root: HTMLElement;
  private readonly input: HTMLInputElement;
  private readonly choose: HTMLButtonElement;
  private readonly said: HTMLElement;
  private readonly bar: HTMLProgressElement;
  private readonly stop: HTMLButtonElement;
  private file: File | null = null;
  private id = '';
  private timer = 0;

  constructor(
    el: HTMLElement,
    accept: string,
    private readonly send: Send,
  ) {
    this.input = make('input', { type: 'file', accept, hidden: '', 'aria-label': 'File of rows' });
    this.choose = make(
      'button',
      { type: 'button', class: 'ftw-button', title: `A file of rows from this computer (${accept})` },
      'Choose a file',
    );
    this.said = make('span', { class: 'ftw-said', role: 'status', 'aria-live': 'polite' }, 'or drop it here');
    this.bar = make('progress', { max: '1', value: '0', 'aria-label': 'Sent', hidden: '' });
    this.stop = make('button', { type: 'button', class: 'ftw-button', hidden: '' }, 'Cancel');
    this.root = make('div', { class: 'ftw-drop' });
    this.root.append(this.choose, this.input, this.bar, this.said, this.stop);
    this.choose.addEventListener('click', () => this.input.click());
    this.input.addEventListener('change', () => this.take(this.input.files));
    this.stop.addEventListener('click', () => this.cancel());
    this.root.addEventListener('dragover', event => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      event.stopPropagation();
      this.root.classList.add('ftw-over');
    });
    this.root.addEventListener('dragleave', () => this.root.classList.remove('ftw-over'));
    this.root.addEventListener('drop', event => {
      event.preventDefault();
      event.stopPropagation(); // JupyterLab would open the file beside the notebook
      this.root.classList.remove('ftw-over');
      this.take(event.dataTransfer?.files ?? null);
    });
    el.append(this.root);
  }

  dispose(): void {
    if (this.file) this.cancel();
    this.root.remove();
  }

  private take(files: FileList | null): void {
    const file = files?.[0];
    this.input.value = ''; // the same file may be chosen again
    if (!file) return;
    if (this.file) this.cancel();
    this.file = file;
    this.id = `${Date.now()}-${Math.random()}`;
    this.show(`Sending ${file.name} (${megabytes(file.size)})…`, 0);
    this.ask({ type: 'begin', name: file.name, size: file.size });
  }

  private cancel(): void {
    this.ask({ type: 'cancel' });
    this.end('Cancelled');
  }

  private ask(message: object, buffers?: ArrayBuffer[]): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.said.textContent =
        'The kernel does not answer: it is busy with a cell, or gone. Sending goes on when it answers.';
    }, PATIENCE);
    this.send({ id: this.id, ...message }, buffers);
  }

  receive(message: Message): void {
    if (message.id !== this.id || !this.file) return; // another page's, or of a file that was cancelled
    clearTimeout(this.timer);
    if (message.type === 'next') void this.piece(message.at ?? 0);
    else this.end(message.text ?? '', message.type === 'refused');
  }

  private async piece(at: number): Promise<void> {
    const { file, id } = this;
    if (!file) return;
    this.show(
      `Sending ${file.name} (${megabytes(at)} of ${megabytes(file.size)})…`,
      at / Math.max(1, file.size),
    );
    try {
      const bytes = await file.slice(at, at + PIECE).arrayBuffer();
      if (id === this.id && this.file) this.ask({ type: 'piece', at }, [bytes]);
    } catch (error) {
      if (id !== this.id) return;
      this.ask({ type: 'cancel' });
      this.end(
        `${file.name} cannot be read: ${(error as Error).message}. Is it a folder? Give its path above.`,
        true,
      );
    }
  }

  private show(text: string, share: number): void {
    this.said.textContent = text;
    this.said.classList.remove('ftw-bad');
    this.bar.hidden = this.stop.hidden = false;
    this.bar.value = share;
  }

  private end(text: string, failed = false): void {
    clearTimeout(this.timer);
    this.file = null;
    this.bar.hidden = this.stop.hidden = true;
    this.said.textContent = failed ? `⚠ ${text}` : text;
    this.said.classList.toggle('ftw-bad', failed);
  }
}
