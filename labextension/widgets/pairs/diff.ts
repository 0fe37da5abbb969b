/** Word differences of two texts, in bounded time. */

export interface Part {
  text: string;
  /** Not on the other side. */
  changed: boolean;
  /** On both sides, and long enough to be worth pointing out. */
  passage: boolean;
}

export interface Difference {
  left: Part[];
  right: Part[];
  /** Characters that both have, of the characters of the longer. */
  shared: number;
}

const WORDS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{M}\p{N}_]+|\s+|[\s\S]/gu;
const MOST_TOKENS = 4000; // of both sides, compared word by word
const PASSAGE = 12; // characters
const MOST_EDITS = 1500; // memory and time grow with its square: 9 MB, some ms

type Run = [length: number, kind: 'same' | 'left' | 'right'];

export function difference(left: string, right: string): Difference {
  const a = left.match(WORDS) ?? [];
  const b = right.match(WORDS) ?? [];
  const direct = a.length + b.length <= MOST_TOKENS;
  const runs = direct ? compare(a, b) : byLines(left, right);
  const [first, second] = direct ? [a, b] : [tokensByLine(left), tokensByLine(right)];
  return assembled(first, second, tidy(runs, first));
}

/** Runs over tokens: lines first, then words within lines that were replaced. */
function byLines(left: string, right: string): Run[] {
  const a = lines(left);
  const b = lines(right);
  const wordsOf = (text: string) => text.match(WORDS) ?? [];
  const runs: Run[] = [];
  let [i, j] = [0, 0];
  let [lost, found]: [string[], string[]] = [[], []];
  const flush = () => {
    if (lost.length + found.length <= MOST_TOKENS) runs.push(...compare(lost, found));
    else runs.push([lost.length, 'left'], [found.length, 'right']);
    [lost, found] = [[], []];
  };
  for (const [length, kind] of compare(a, b)) {
    for (let n = 0; n < length; n++) {
      if (kind === 'left') lost.push(...wordsOf(a[i++]));
      else if (kind === 'right') found.push(...wordsOf(b[j++]));
      else {
        flush();
        runs.push([wordsOf(a[i++]).length, 'same']);
        j++;
      }
    }
  }
  flush();
  return runs;
}

function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** The same tokens that `byLines` counts: blanks do not reach over the end of a line. */
function tokensByLine(text: string): string[] {
  return lines(text).flatMap(line => line.match(WORDS) ?? []);
}

/** Myers 1986, greedy; where the texts differ too much the middle counts as replaced. */
export function compare(a: string[], b: string[]): Run[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  )
    tail++;
  const numbers = new Map<string, number>();
  const coded = (tokens: string[]) =>
    Int32Array.from(tokens, token => {
      if (!numbers.has(token)) numbers.set(token, numbers.size);
      return numbers.get(token)!;
    });
  const middle = myers(coded(a.slice(head, a.length - tail)), coded(b.slice(head, b.length - tail)));
  return [[head, 'same'], ...middle, [tail, 'same']];
}

function myers(a: Int32Array, b: Int32Array): Run[] {
  const [n, m] = [a.length, b.length];
  if (!n || !m)
    return [
      [n, 'left'],
      [m, 'right'],
    ];
  const most = Math.min(n + m, MOST_EDITS);
  const reach = new Int32Array(2 * most + 3); // furthest x on each diagonal
  const at = (k: number) => k + most + 1;
  const trace: Int32Array[] = [];
  for (let d = 0; d <= most; d++) {
    trace.push(reach.slice(at(-d), at(d) + 1));
    for (let k = -d; k <= d; k += 2) {
      let x =
        k === -d || (k !== d && reach[at(k - 1)] < reach[at(k + 1)])
          ? reach[at(k + 1)]
          : reach[at(k - 1)] + 1;
      while (x < n && x - k < m && a[x] === b[x - k]) x++;
      reach[at(k)] = x;
      if (x >= n && x - k >= m) return backtrack(trace, n, m, d);
    }
  }
  return [
    [n, 'left'],
    [m, 'right'],
  ];
}

function backtrack(trace: Int32Array[], n: number, m: number, last: number): Run[] {
  const runs: Run[] = [];
  let [x, y] = [n, m];
  for (let d = last; d > 0; d--) {
    const before = trace[d]; // diagonals -d to d as they stood before step d
    const k = x - y;
    const value = (diagonal: number) => before[diagonal + d] ?? 0;
    const down = k === -d || (k !== d && value(k - 1) < value(k + 1));
    const from = down ? value(k + 1) : value(k - 1);
    const start = down ? from : from + 1;
    runs.push([x - start, 'same'], [1, down ? 'right' : 'left']);
    x = from;
    y = from - (down ? k + 1 : k - 1);
  }
  runs.push([x, 'same']);
  return runs.reverse();
}

/** A lone short word between two changes says nothing: it counts as changed on both sides. */
function tidy(runs: Run[], left: string[]): Run[] {
  const joined: Run[] = [];
  for (const [length, kind] of runs) {
    if (!length) continue;
    const last = joined[joined.length - 1];
    if (last?.[1] === kind) last[0] += length;
    else joined.push([length, kind]);
  }
  let i = 0;
  return joined.flatMap((run, at): Run[] => {
    const [length, kind] = run;
    const text = kind === 'right' ? '' : left.slice(i, i + length).join('');
    if (kind !== 'right') i += length;
    const between = kind === 'same' && at > 0 && at < joined.length - 1;
    if (!between || text.replace(/[^\p{L}\p{N}]/gu, '').length > 3) return [run];
    return [
      [length, 'left'],
      [length, 'right'],
    ];
  });
}

function assembled(a: string[], b: string[], runs: Run[]): Difference {
  const sides: { tokens: string[]; parts: Part[]; at: number }[] = [
    { tokens: a, parts: [], at: 0 },
    { tokens: b, parts: [], at: 0 },
  ];
  let same = 0;
  const add = (side: (typeof sides)[0], length: number, changed: boolean) => {
    const text = side.tokens.slice(side.at, side.at + length).join('');
    side.at += length;
    if (!text) return 0;
    const last = side.parts[side.parts.length - 1];
    // Common runs that meet on one side only stay apart, so that both sides point out the same passages.
    if (changed && last?.changed) last.text += text;
    else side.parts.push({ text, changed, passage: !changed && text.trim().length >= PASSAGE });
    return text.length;
  };
  for (const [length, kind] of runs) {
    if (kind !== 'right')
      same += kind === 'same' ? add(sides[0], length, false) : 0 * add(sides[0], length, true);
    if (kind !== 'left') add(sides[1], length, kind !== 'same');
  }
  const longer = Math.max(...sides.map(side => side.tokens.reduce((sum, token) => sum + token.length, 0)));
  return { left: sides[0].parts, right: sides[1].parts, shared: longer ? same / longer : 1 };
}
