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
  // Light text stands on a dark page: true in JupyterLab, VS Code and Colab alike.
  root.classList.toggle('ftw-curves-dark', brightness(getComputedStyle(root).color) > 0.5);
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

/** Call back when the page's theme may have changed; returns a function that ends this. */
export function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  for (const element of [document.documentElement, document.body]) {
    observer.observe(element, {
      attributeFilter: [
        'class',
        'theme',
        'data-jp-theme-name',
        'data-jp-theme-light',
        'data-vscode-theme-kind',
      ],
    });
  }
  const media = matchMedia('(prefers-color-scheme: dark)');
  media.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    media.removeEventListener('change', changed);
  };
}

function brightness(color: string): number {
  const [r, g, b] = (color.match(/[\d.]+/g) ?? ['0', '0', '0']).map(Number);
  const scale = color.startsWith('rgb') ? 255 : 1;
  return (0.299 * r + 0.587 * g + 0.114 * b) / scale;
}
