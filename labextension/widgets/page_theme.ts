/** Whether an element is in a dark page: light text stands on one, in JupyterLab, VS Code and Colab alike. */
export function isDark(element: Element): boolean {
  return brightness(getComputedStyle(element).color) > 0.5;
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

/** Give `root` the class `dark` while it is in a dark page; returns a function that ends this. */
export function followTheme(root: HTMLElement, dark: string): () => void {
  const look = () => root.classList.toggle(dark, isDark(root));
  const attached = new ResizeObserver(look); // before it is in the page, an element has no colour
  attached.observe(root);
  const unwatch = watchTheme(look);
  return () => {
    attached.disconnect();
    unwatch();
  };
}

function brightness(color: string): number {
  const [r, g, b] = (color.match(/[\d.]+/g) ?? ['0', '0', '0']).map(Number);
  const scale = color.startsWith('rgb') ? 255 : 1;
  return (0.299 * r + 0.587 * g + 0.114 * b) / scale;
}
