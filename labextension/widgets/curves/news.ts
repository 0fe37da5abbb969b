import { NEWS, type News } from '../../src/news';
import type { Store } from './store';

/** Tell our JupyterLab extension, where it is, how the runs of a store stand. It remembers what was told before. */
export function announce(store: Store, at: Element | undefined): void {
  for (const run of store.runs) {
    const texts = (kind: string) => run.marks.filter(mark => mark.kind === kind).map(mark => mark.text);
    const news: News = {
      ...run.info,
      step: run.lastX('step'),
      warnings: texts('warning'),
      error: texts('error').at(-1) ?? '',
      at,
    };
    window.dispatchEvent(new CustomEvent(NEWS, { detail: news }));
  }
}
