import type { Kernel, Rows } from './protocol';

const BLOCK = 100; // rows asked for at once
const MOST_BLOCKS = 60;
const REFRESHED = 4; // blocks that may be in sight

export interface Row {
  position: number;
  rowId: number;
  text: string;
  chosen: number | null;
  rejected: number | null;
  value: number | null;
  valueOf: string;
  flags: number;
  state: number;
  shared: number | null;
}

/** The rows of the view that have come from the kernel, in blocks; others are asked for when they are looked at. */
export class RowCache {
  private readonly blocks = new Map<number, Rows>();
  private readonly asked = new Set<number>();
  private views = 0;

  /** `version` is that of the view on show, `came` is called when there are more rows. */
  constructor(
    private readonly kernel: Kernel,
    private readonly version: () => number | undefined,
    private readonly came: () => void,
    private readonly fail: (error: Error) => void,
  ) {}

  /** The row at an index of the view, or null while it is on its way. */
  at(index: number): Row | null {
    const number = Math.floor(index / BLOCK);
    const block = this.blocks.get(number);
    if (!block) {
      this.load(number);
      return null;
    }
    const at = index - block.start;
    if (at >= block.position.length) return null;
    return {
      position: block.position[at],
      rowId: block.row_id[at],
      text: block.text[at],
      chosen: block.chosen?.[at] ?? null,
      rejected: block.rejected?.[at] ?? null,
      value: block.value?.[at] ?? null,
      valueOf: block.value_of,
      flags: block.flags[at],
      state: block.state[at],
      shared: block.shared?.[at] ?? null,
    };
  }

  /** The position in the data of the row at an index, asked for by itself. */
  positionAt(index: number): Promise<number | null> {
    return this.kernel
      .ask<Rows>('rows', { start: index, stop: index + 1 })
      .then(rows => rows.position[0] ?? null);
  }

  /** Another view is on show. */
  forget(): void {
    this.views++;
    this.blocks.clear();
    this.asked.clear();
  }

  /** Fetch again what is known of the rows, without forgetting them meanwhile. */
  refresh(): void {
    const last = [...this.blocks.keys()].slice(-REFRESHED);
    for (const number of [...this.blocks.keys()]) if (!last.includes(number)) this.blocks.delete(number);
    for (const number of last) this.load(number, true);
  }

  /** Set the states of rows, by position. */
  mark(states: Map<number, number>): void {
    for (const block of this.blocks.values()) {
      for (const [at, here] of block.position.entries())
        block.state[at] = states.get(here) ?? block.state[at];
    }
  }

  private load(number: number, again = false): void {
    const view = this.views;
    if (this.asked.has(number) && !again) return;
    this.asked.add(number);
    this.kernel
      .ask<Rows>('rows', { start: number * BLOCK, stop: (number + 1) * BLOCK })
      .then(rows => {
        if (view !== this.views) return;
        this.asked.delete(number);
        this.blocks.set(number, rows);
        // Far more than are ever in sight; the one used longest ago goes.
        for (const old of [...this.blocks.keys()].slice(0, Math.max(0, this.blocks.size - MOST_BLOCKS)))
          this.blocks.delete(old);
        this.came();
        if (rows.version !== this.version()) this.load(number, true); // a search went on meanwhile
      })
      .catch(error => {
        if (view === this.views) this.asked.delete(number);
        this.fail(error);
      });
  }
}
