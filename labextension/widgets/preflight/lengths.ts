/** What Python says about the rows as a whole (ftwidgets/widgets/preflight.py). */
export interface Facts {
  title: string;
  method: string;
  learns: string;
  rows: number;
  measured: number;
  exact: boolean;
  refused: number;
  prompt_changed: number;
  packing: boolean;
  response_length: number;
  /** `[max_length, bytes]`, rising. */
  memory: [number, number][];
}

export const NONE_LEARNT = 2 ** 31 - 1;
export type Fate = 'whole' | 'cut' | 'dropped';

export interface Effect {
  whole: number;
  cut: number;
  dropped: number;
  /** Tokens run through the model in one pass over the measured rows. */
  tokens: number;
  before: number;
}

/** Lengths in tokens of the measured rows; the rules are those of `Lengths` in ftwidgets/data/preflight. */
export class Lengths {
  constructor(
    readonly positions: Int32Array,
    readonly prompt: Int32Array,
    readonly total: Int32Array,
    readonly chosen: Int32Array | null,
    readonly rejected: Int32Array | null,
    private readonly method: string,
    private readonly packing: boolean,
    private readonly response: number,
  ) {}

  static from(buffers: readonly DataView[], facts: Facts): Lengths {
    const [positions, prompt, total, chosen, rejected] = buffers.map(integers);
    return new Lengths(
      positions,
      prompt,
      total,
      chosen ?? null,
      rejected ?? null,
      facts.method,
      facts.packing,
      facts.response_length,
    );
  }

  get count(): number {
    return this.total.length;
  }

  get longest(): number {
    return this.total.reduce((most, value) => Math.max(most, value), 0);
  }

  fate(i: number, limit: number): Fate {
    const total = this.total[i];
    if (this.method === 'reward') return total > limit ? 'dropped' : 'whole';
    if (this.method === 'ppo') return !total || total > limit - this.response ? 'dropped' : 'whole';
    if (this.method === 'pretrain') {
      if (!total) return 'dropped';
    } else if (this.prompt[i] >= limit || (this.chosen && !Math.min(this.chosen[i], this.rejected![i]))) {
      return 'dropped';
    }
    return total > limit && !this.packing ? 'cut' : 'whole';
  }

  effect(limit: number): Effect {
    const found: Effect = { whole: 0, cut: 0, dropped: 0, tokens: 0, before: 0 };
    for (let i = 0; i < this.count; i++) {
      const fate = this.fate(i, limit);
      found[fate]++;
      found.before += this.tokens(i, Number.POSITIVE_INFINITY);
      if (fate !== 'dropped') found.tokens += this.tokens(i, this.packing ? Number.POSITIVE_INFINITY : limit);
    }
    return found;
  }

  private tokens(i: number, limit: number): number {
    if (!this.chosen) return Math.min(this.total[i], limit);
    const prompt = this.prompt[i] === NONE_LEARNT ? 0 : this.prompt[i];
    return Math.min(prompt + this.chosen[i], limit) + Math.min(prompt + this.rejected![i], limit);
  }

  /** The smallest limit under which at least this share of the rows stays whole. */
  limitFor(part: number): number {
    if (!this.count) return 0;
    const ordered = this.total.slice().sort();
    return ordered[Math.max(Math.ceil(part * ordered.length) - 1, 0)] + this.response;
  }

  /** The measured row of this fate that follows a position, going round at the end. */
  next(position: number, fate: Fate, limit: number): number | null {
    let after = Number.POSITIVE_INFINITY;
    let first = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.count; i++) {
      if (this.fate(i, limit) !== fate) continue;
      const at = this.positions[i];
      first = Math.min(first, at);
      if (at > position) after = Math.min(after, at);
    }
    const found = Number.isFinite(after) ? after : first;
    return Number.isFinite(found) ? found : null;
  }
}

/** Memory at a limit, between the points that Python worked out; null where none are known. */
export function memoryAt(points: readonly [number, number][], limit: number): number | null {
  if (!points.length) return null;
  const after = points.findIndex(([length]) => length >= limit);
  if (after === 0) return points[0][1];
  if (after < 0) return points[points.length - 1][1];
  const [[low, from], [high, to]] = [points[after - 1], points[after]];
  return from + ((limit - low) / (high - low)) * (to - from);
}

function integers(view: DataView): Int32Array {
  const { buffer, byteOffset, byteLength } = view;
  return new Int32Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}
