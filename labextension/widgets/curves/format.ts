/** Numbers as a person reads them: at most six significant digits, no exponent where none is needed. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return minus(trim(value.toExponential(4)));
  return minus(String(Number(value.toPrecision(6))));
}

/** Labels of axis ticks, all with the same number of decimals. */
export function tickLabels(values: number[]): string[] {
  const largest = Math.max(0, ...values.map(Math.abs));
  const gap = values.length > 1 ? Math.abs(values[1] - values[0]) : largest;
  // A log axis mixes sizes: there each label has the digits it needs.
  const mixed = values.length > 2 && values[2] - values[1] > 1.5 * gap;
  const decimals = Math.min(6, Math.max(0, -Math.floor(Math.log10(gap || 1) + 1e-9)));
  return values.map(value => {
    if (!value) return '0';
    const size = Math.abs(value);
    if (mixed ? size < 1e-3 : largest < 1e-3) return minus(trim(value.toExponential(1)));
    if (mixed ? size >= 1e4 : largest >= 1e4) return minus(compact(value));
    return minus(mixed ? String(Number(value.toPrecision(3))) : value.toFixed(decimals));
  });
}

function compact(value: number): string {
  const size = Math.abs(value);
  for (const [unit, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (size >= unit) return `${Number((value / unit).toPrecision(3))}${letter}`;
  }
  return String(Number(value.toPrecision(3)));
}

/** Seconds as 45 s, 12:30 or 1:02:30. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
  const two = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.floor(s / 60);
  return minutes < 60
    ? `${minutes}:${two(s % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(s % 60)}`;
}

/** Whole numbers with thin spaces between thousands. */
export function whole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

function trim(exponential: string): string {
  return exponential.replace(/\.?0+e/, 'e').replace('e+', 'e');
}

/** A real minus sign is as wide as a digit. */
function minus(text: string): string {
  return text.replace(/^-/, '−');
}
