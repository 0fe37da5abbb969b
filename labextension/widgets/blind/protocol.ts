/** What the kernel shows (trait `view`) and what the page may ask for. No name is in it before `revealed`. */
export type Verdict = 'left' | 'right' | 'tie' | 'bad';

export interface Match {
  number: number;
  prompt: { role: string; content: string }[];
  left: string;
  right: string;
}

export interface Tally {
  first: string;
  second: string;
  wins: number;
  losses: number;
  ties: number;
  'both bad': number;
  'same answer': number;
  share: number | null;
  low: number;
  high: number;
  p: number;
}

export interface Rank {
  name: string;
  chance: number;
  low: number;
  high: number;
}

export interface Result {
  words: string[];
  tally: Tally[];
  ranking: Rank[];
  reference: string;
  choices: { prompt: string; left: string; right: string; preferred: string }[];
}

export interface State {
  phase?: 'answering' | 'stopped' | 'failed' | 'judging' | 'revealed';
  text?: string;
  done?: number;
  total?: number;
  problem?: string;
  judged?: number;
  count?: number;
  same?: number;
  undo?: boolean;
  file?: string;
  match?: Match;
  result?: Result;
}

export type Request =
  | { type: 'judge'; match: number; verdict: Verdict }
  | { type: 'undo' | 'reveal' | 'again' | 'cancel' };

/** The verdict of a key, or what else it asks for. */
export const KEYS: Record<string, Verdict | 'undo'> = {
  a: 'left',
  arrowleft: 'left',
  b: 'right',
  arrowright: 'right',
  t: 'tie',
  x: 'bad',
  u: 'undo',
  z: 'undo',
};
