/** What goes between the page and the kernel (ftwidgets/widgets/pair_viewer/). */

export type Side = 'prompt' | 'chosen' | 'rejected';
export type Verdict = 'keep' | 'drop' | 'swap' | 'tie';
export const ANSWERS: Side[] = ['chosen', 'rejected'];

export interface Query {
  text: string;
  regex: boolean;
  where: 'all' | Side;
  checks: string[];
  verdicts: string[];
  run: string[];
  ranges: [string, number | null, number | null][];
  same_prompt: number | null;
  collapse: boolean;
  sort: string;
  descending: boolean;
}

export interface Counts extends Record<string, number> {
  judged: number;
  judged_shown: number;
}

export interface View {
  version: number;
  count: number;
  partial: boolean;
  /** How far the search is that found a part of it, between 0 and 1. */
  progress?: number;
  query: Query;
  title: string;
  restricted: boolean;
  /** First and last step of a run that the rows belong to. */
  steps: [number, number] | null;
  index: number | null;
  counts: Counts;
}

export interface Check {
  id: string;
  title: string;
  severity: 'fault' | 'warning' | 'info';
  meaning: string;
  marks_rows: boolean;
  bit: number;
}

export interface Finding {
  id: string;
  count: number;
  looked_at: number;
  text: string;
  suspicious: boolean;
  values: Record<string, number | null>;
}

export interface Column {
  name: string;
  label: string;
}

export interface Can {
  undo: boolean;
  redo: boolean;
  use: boolean;
  tokens: boolean;
}

export interface Ready {
  total: number;
  chat: boolean;
  checks: Check[];
  findings: Finding[];
  not_checked: Record<string, string>;
  lint: { state: LintState; progress: number };
  columns: Column[];
  view: View;
  selected: number | null;
  reviewer: string;
  decisions: string | null;
  unplaced: number;
  notices: string[];
  run: { seen: number } | null;
  export: string;
  can: Can;
  eyes: Eyes;
}

/** A model that looks at the pairs; the numbers are there from the state "running" on. */
export interface Eyes {
  state: 'none' | 'offered' | 'running' | 'done' | 'stopped' | 'failed';
  done?: number;
  total?: number;
  error?: string;
  accuracy?: { before: number | null; after: number | null };
  turned?: Record<string, number>;
  again?: boolean;
}

export type LintState = 'waiting' | 'running' | 'done' | 'stopped';

export interface Rows {
  start: number;
  version: number;
  position: number[];
  row_id: number[];
  text: string[];
  chosen: number[] | null;
  rejected: number[] | null;
  value: (number | null)[] | null;
  /** What that number is. */
  value_of: string;
  flags: number[];
  state: number[];
  shared: number[] | null;
}

export interface Turn {
  index: number;
  role: string;
  text: string;
  /** Characters as Python counts them (code points): of the whole message, and of what was sent. */
  length: number;
  sent: number;
}

/** A further stretch of a long message. */
export interface More {
  text: string;
  sent: number;
}

export interface Decision {
  verdict: Verdict | null;
  edit: Partial<Record<Side, string>>;
  note: string;
  reviewer: string;
}

export interface Sightings {
  step: number[];
  held_out: boolean[];
  [measure: string]: (number | null)[] | boolean[];
}

export interface Pair {
  position: number;
  row_id: number;
  index: number | null;
  sides: Record<Side, { turns: Turn[]; omitted: number }>;
  chars: Record<Side, number>;
  tokens: { chosen: number; rejected: number } | null;
  flags: string[];
  shared: number | null;
  numbers: { name: string; label: string; value: number | null }[];
  similarity: number | null;
  metadata: { name: string; text: string }[];
  decision: Decision | null;
  others: Decision[];
  run: Sightings | null;
}

export type TokenRatios = Partial<Record<Side, [string, number | null][]>>;

/** Bits of a row's state, as ftwidgets/widgets/pair_viewer/session.py sets them. */
export const STATES: Record<string, number> = {
  keep: 1,
  drop: 2,
  swap: 4,
  tie: 8,
  edited: 16,
  noted: 32,
  disagreement: 64,
};
export const JUDGED = 31;

export const EMPTY_QUERY: Query = {
  text: '',
  regex: false,
  where: 'all',
  checks: [],
  verdicts: [],
  run: [],
  ranges: [],
  same_prompt: null,
  collapse: false,
  sort: '',
  descending: false,
};

type Message = { type: string; id?: number; [field: string]: unknown };

/** Requests with answers and errors under the same id; everything else that comes is an event. */
export class Kernel {
  private next = 1;
  private readonly open = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void }
  >();

  constructor(
    private readonly send: (message: Message) => void,
    private readonly event: (message: Message) => void,
  ) {}

  ask<T>(type: string, fields: object = {}): Promise<T> {
    const id = this.next++;
    return new Promise<T>((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      this.send({ type, id, ...fields });
    });
  }

  receive(message: Message): void {
    if (message.type !== 'answer' && message.type !== 'error') {
      this.event(message);
      return;
    }
    // Another page on the same kernel numbers its requests too: an id nobody waits for here is not ours.
    const asked = this.open.get(message.id as number);
    if (!asked) return;
    this.open.delete(message.id as number);
    if (message.type === 'answer') asked.resolve(message.value as never);
    else asked.reject(new Error(String(message.message)));
  }
}
