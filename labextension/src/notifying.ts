import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';

import { NEWS, type News } from './news';

const ENDS = ['finished', 'stopped', 'failed'];

/** Tells of runs whose curves are out of sight: that one ended, and what its health notes warn of. */
export const notifyingPlugin: JupyterFrontEndPlugin<void> = {
  id: 'ftwidgets:notifying',
  description:
    'Notifies of runs that end, and of warnings on their health, while their curves are out of sight.',
  autoStart: true,
  optional: [INotebookTracker],
  activate: (app: JupyterFrontEnd, notebooks: INotebookTracker | null) => {
    const known = new Map<string, News>(); // by id; only runs that were seen to go on
    window.addEventListener(NEWS, event => {
      const news = (event as CustomEvent<News>).detail;
      const before = known.get(news.id);
      if (before || !ENDS.includes(news.status)) known.set(news.id, news);
      if (!before || onScreen(news.at)) return;
      const panel = notebooks?.find(each => !!news.at && each.node.contains(news.at));
      const show = () => {
        if (panel) app.shell.activateById(panel.id);
        news.at?.scrollIntoView({ block: 'center' });
      };
      const actions = panel ? [{ label: 'Show', callback: show }] : [];
      // What went wrong stays until it is read.
      for (const [type, text] of told(news, before))
        Notification.emit(text, type, { actions, autoClose: type === 'success' ? 8000 : false });
    });
  },
};

/** What is new, each with its kind. */
function told(news: News, before: News): ['success' | 'warning' | 'error', string][] {
  const { name, status, step, error } = news;
  const added = news.warnings.filter(text => !before.warnings.includes(text));
  const found = added.map(text => ['warning', `${name}, step ${step}: ${text}`] as ['warning', string]);
  if (ENDS.includes(before.status)) return found; // the last look at its health comes after its end
  if (status === 'failed') return [...found, ['error', `${name} failed at step ${step}. ${error}`.trim()]];
  if (ENDS.includes(status)) return [...found, ['success', `${name} ${status} at step ${step}.`]];
  return found;
}

/** Whether a person can see some of an element now. */
function onScreen(element: Element | undefined): boolean {
  if (!element || document.hidden) return false;
  const { top, bottom, width } = element.getBoundingClientRect();
  return width > 0 && bottom > 0 && top < window.innerHeight;
}
