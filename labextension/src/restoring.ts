import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';

import { managerOf } from './manager';

const PATIENCE = 60_000; // ms in which the extension of ipywidgets has begun to work on a notebook

/**
 * Brings widgets back to a page that was loaded while a cell held the kernel.
 *
 * The page asks for all widgets at once and gives that up after four seconds. Then it asks for each alone: with the two
 * thousand of a Studio and a comparison that takes many seconds after the kernel is free, and often never ends, and
 * every output stays at "Loading widget...". In place of that, wait for the kernel and ask for all at once again.
 */
export const restoringPlugin: JupyterFrontEndPlugin<void> = {
  id: 'ftwidgets:restoring',
  description: 'Brings widgets back to a page that was loaded while the kernel was busy.',
  autoStart: true,
  optional: [INotebookTracker],
  activate: (_app: JupyterFrontEnd, notebooks: INotebookTracker | null) => {
    notebooks?.widgetAdded.connect((_, panel) => void askAgain(panel));
  },
};

async function askAgain(panel: NotebookPanel): Promise<void> {
  const manager = await managerOf(panel.content.rendermime, PATIENCE);
  const each = manager?._loadFromKernelModels?.bind(manager);
  if (!manager?._loadFromKernel || !each) return;
  let again = false;
  manager._loadFromKernelModels = async () => {
    if (again) return each();
    again = true;
    try {
      await panel.sessionContext.session?.kernel?.requestKernelInfo(); // answered when the kernel is free
      await manager._loadFromKernel?.();
    } finally {
      again = false;
    }
  };
}
