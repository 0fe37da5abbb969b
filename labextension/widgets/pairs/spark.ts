import { many, number, svg } from './dom';

const [WIDE, HIGH, EDGE] = [168, 32, 4];

/** A small line of a pair's value over the run, with zero marked. */
export function sparkline(steps: number[], values: (number | null)[], what: string): SVGElement {
  const points = steps.flatMap((step, at) => {
    const value = values[at];
    return value === null || !Number.isFinite(value) ? [] : [{ step, value }];
  });
  const low = Math.min(0, ...points.map(point => point.value));
  const high = Math.max(0, ...points.map(point => point.value));
  const [first, last] = [steps[0] ?? 0, steps[steps.length - 1] ?? 0];
  const x = (step: number) => EDGE + ((WIDE - 2 * EDGE) * (step - first)) / (last - first || 1);
  const y = (value: number) => HIGH - EDGE - ((HIGH - 2 * EDGE) * (value - low)) / (high - low || 1);
  const label = `${what} over the run, ${many(points.length, 'time')} seen: ${points.length ? `${number(points[0].value, true)} at step ${points[0].step}, ${number(points[points.length - 1].value, true)} at step ${points[points.length - 1].step}` : 'no value'}`;
  const title = svg('title', {});
  title.textContent = label;
  const line = points.map(point => `${x(point.step).toFixed(1)},${y(point.value).toFixed(1)}`).join(' ');
  const end = points[points.length - 1];
  return svg(
    'svg',
    {
      class: 'ftw-spark',
      viewBox: `0 0 ${WIDE} ${HIGH}`,
      width: WIDE,
      height: HIGH,
      role: 'img',
      'aria-label': label,
    },
    title,
    svg('line', { class: 'ftw-zero', x1: 0, x2: WIDE, y1: y(0), y2: y(0) }),
    svg('polyline', { points: line }),
    ...(end ? [svg('circle', { cx: x(end.step), cy: y(end.value), r: 3 })] : []),
  );
}
