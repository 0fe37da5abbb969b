const SUPPRESS = 'data-lm-suppress-shortcuts';

/**
 * Keep the notebook's single-key shortcuts (D D deletes a cell) off keys pressed inside `root`; Ctrl S still saves.
 *
 * Notebook 7 looks for its shortcuts before the event comes down to us, and asks the focused element before those
 * around it: so that very element is marked, ahead of everybody, at the window. With `around`, a selector, the keys
 * of the whole that `root` is part of are kept too: stock dropdowns and buttons do not do it for themselves.
 * Returns a function that ends this.
 */
export function shield(root: HTMLElement, around = ''): () => void {
  const mark = (event: KeyboardEvent) => {
    const target = event.target as Element;
    const whole = (around && root.closest(around)) || root;
    if (!whole.contains(target)) return;
    const saves = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's';
    target.toggleAttribute(SUPPRESS, !saves);
    whole.toggleAttribute(SUPPRESS, !saves);
  };
  window.addEventListener('keydown', mark, true);
  return () => window.removeEventListener('keydown', mark, true);
}
