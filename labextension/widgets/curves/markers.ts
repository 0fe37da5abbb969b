/** Marker shapes, so that a curve is known by more than its colour: five outlines, filled, then the same hollow. */
export function markerPath(index: number, x: number, y: number, r: number): string {
  switch (index % 5) {
    case 0:
      return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
    case 1:
      return `M${x - 0.9 * r} ${y - 0.9 * r}h${1.8 * r}v${1.8 * r}h${-1.8 * r}Z`;
    case 2:
      return `M${x} ${y - 1.2 * r}L${x + 1.15 * r} ${y + 0.85 * r}H${x - 1.15 * r}Z`;
    case 3:
      return `M${x} ${y - 1.3 * r}L${x + 1.3 * r} ${y}L${x} ${y + 1.3 * r}L${x - 1.3 * r} ${y}Z`;
    default:
      return `M${x} ${y + 1.2 * r}L${x + 1.15 * r} ${y - 0.85 * r}H${x - 1.15 * r}Z`;
  }
}

export const isHollow = (index: number): boolean => index % 10 >= 5;

const SVG = 'http://www.w3.org/2000/svg';

/** A piece of the curve for the legend: its line, dashed for evaluation, with its marker. */
export function swatch(color: number, shape: number, dashed: boolean): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 20 10');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('ftw-curves-swatch');
  svg.style.color = `var(--ftw-series-${color + 1})`;
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', 'M0 5H20');
  line.setAttribute('stroke', 'currentColor');
  line.setAttribute('stroke-width', '1.6');
  if (dashed) line.setAttribute('stroke-dasharray', '4 2.5');
  svg.append(line);
  const marker = document.createElementNS(SVG, 'path');
  marker.setAttribute('d', markerPath(shape, 10, 5, 3));
  marker.setAttribute('stroke', 'currentColor');
  marker.setAttribute('fill', dashed || isHollow(shape) ? 'var(--ftw-back)' : 'currentColor');
  svg.append(marker);
  return svg;
}
