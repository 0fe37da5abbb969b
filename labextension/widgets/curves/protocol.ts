import type { Mark, PanelSpec, RunInfo, Store } from './store';
import { RunData } from './store';

/** What Python sends (ftwidgets/widgets/stream.py). Keys are left out when nothing changed. */
export interface RowsMessage {
  type: 'rows';
  panels?: PanelSpec[];
  runs: RunPart[];
}

export interface RunPart {
  /** Index of the run in the widget, left out where it is 0. */
  run?: number;
  /** History index of the first row in this part's buffer. */
  start: number;
  /** Columns in the buffer, as a hexadecimal bit mask; the buffer holds one column of float64 after the other. */
  mask: string;
  columns?: string[];
  /** Marks from index `marks_from` on; those before stay. */
  marks?: Mark[];
  marks_from?: number;
  /** The run went on from a checkpoint: forget what is held. */
  reset?: boolean;
  info?: RunInfo;
}

export type Outgoing =
  | { type: 'ready' | 'ack'; have: number[] }
  | { type: 'select'; from_step: number; to_step: number }
  | { type: 'pick'; step: number; run: number };

/** Bits of a hexadecimal mask, lowest first. */
export function bits(mask: string): number[] {
  const found: number[] = [];
  for (let digit = 0; digit < mask.length; digit++) {
    const value = Number.parseInt(mask[mask.length - 1 - digit], 16);
    for (let bit = 0; bit < 4; bit++) if (value & (1 << bit)) found.push(4 * digit + bit);
  }
  return found;
}

/** float64 values of a binary buffer, whatever its alignment in the message it came in. */
function floats(buffer: DataView | undefined): Float64Array {
  if (!buffer) return new Float64Array(0);
  const { buffer: memory, byteOffset, byteLength } = buffer;
  return byteOffset % 8
    ? new Float64Array(memory.slice(byteOffset, byteOffset + byteLength))
    : new Float64Array(memory as ArrayBuffer, byteOffset, byteLength / 8);
}

/**
 * Keeps a store equal to the run histories in the kernel.
 *
 * Each part says where in the history it starts. Rows that are held already are passed over; when some are
 * missing (a message lost, a reload, a kernel that stopped sending because nobody listened) one `ready` with what is
 * held asks for the rest, and nothing is added until it comes.
 */
export class Receiver {
  private asked = false;
  /** The store shows a saved, decimated record until the kernel answers. */
  provisional = false;

  constructor(
    private readonly store: Store,
    private readonly send: (message: Outgoing) => void,
  ) {}

  get have(): number[] {
    return this.provisional ? [] : this.store.runs.map(run => run.held);
  }

  /** Ask the kernel for everything that is not held. */
  ready(): void {
    this.asked = true;
    this.send({ type: 'ready', have: this.have });
  }

  /** Say that somebody listens, and up to where. */
  acknowledge(): void {
    this.send({ type: 'ack', have: this.have });
  }

  receive(message: RowsMessage, buffers: readonly DataView[]): void {
    const { store } = this;
    if (this.provisional && message.runs.every(part => part.start === 0)) {
      store.runs = [];
      this.provisional = false;
    }
    if (message.panels) {
      store.panels = message.panels;
      store.shape++;
    }
    let whole = !this.provisional;
    let rare = false;
    message.runs.forEach((part, i) => {
      const index = part.run ?? 0;
      while (store.runs.length <= index) {
        store.runs.push(new RunData());
        store.shape++;
      }
      const run = store.runs[index];
      if (part.columns) {
        run.columns = part.columns;
        store.shape++;
      }
      if (part.reset) run.clear();
      const known = part.marks_from ?? 0;
      if (part.marks) run.marks = [...run.marks.slice(0, known), ...part.marks];
      if (part.info) run.info = part.info;
      rare ||= !!part.marks || !!part.info;
      whole = run.append(part.start, bits(part.mask), floats(buffers[i])) && whole;
    });
    if (whole) this.asked = false;
    else if (!this.asked) this.ready();
    store.changed(rare);
  }
}
