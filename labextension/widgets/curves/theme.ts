import { isDark } from '../page_theme';

/** Colours of the theme as the canvas needs them: resolved from the CSS variables of charts.css. */
export interface Theme {
  dark: boolean;
  text: string;
  quiet: string;
  grid: string;
  line: string;
  back: string;
  accent: string;
  warn: string;
  /** Font families. */
  font: string;
  series: string[];
}

export const SERIES_COLORS = 10;

export function readTheme(root: HTMLElement): Theme {
  const probe = document.createElement('span');
  probe.hidden = true;
  root.append(probe);
  const color = (value: string) => {
    probe.style.color = value;
    return getComputedStyle(probe).color;
  };
  root.classList.toggle('ftw-curves-dark', isDark(root));
  const theme: Theme = {
    dark: root.classList.contains('ftw-curves-dark'),
    text: color('var(--ftw-text)'),
    quiet: color('var(--ftw-quiet)'),
    grid: color('var(--ftw-grid)'),
    line: color('var(--ftw-line)'),
    back: color('var(--ftw-back)'),
    accent: color('var(--ftw-accent)'),
    warn: color('var(--ftw-warn)'),
    font: getComputedStyle(root).fontFamily || 'sans-serif',
    series: Array.from({ length: SERIES_COLORS }, (_, i) => color(`var(--ftw-series-${i + 1})`)),
  };
  probe.remove();
  return theme;
}
