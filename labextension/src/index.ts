import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { keepingPlugin } from './keeping';
import { launcherPlugin } from './launcher';
import { notifyingPlugin } from './notifying';
import { recordPlugin } from './record';
import { restoringPlugin } from './restoring';

/**
 * The plugins of this extension. Each one stands in its own file, works without the others, and adds nothing
 * to what the Python package can do by itself.
 */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  keepingPlugin,
  launcherPlugin,
  notifyingPlugin,
  recordPlugin,
  restoringPlugin,
];

export default plugins;
