/** JupyterLab's widget manager of a notebook, which has no public name: that any of it is missing is expected. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';

export const WIDGET_MIME = 'application/vnd.jupyter.widget-view+json';

export interface LiveModel {
  /** Whether a kernel is behind it. */
  comm_live: boolean;
  on(event: 'destroy' | 'comm_live_update', callback: () => void): void;
}

export interface Manager {
  has_model(id: string): boolean;
  get_model(id: string): Promise<LiveModel>;
  /** Whether the page has asked the kernel for its widgets and been answered. */
  restoredStatus: boolean;
  restored: { connect(slot: () => void): boolean; disconnect(slot: () => void): boolean };
  /** Asks for all widgets at once, for four seconds; then for each alone. */
  _loadFromKernel?(): Promise<void>;
  _loadFromKernelModels?(): Promise<void>;
}

/** The widget manager behind a notebook's renderers; null when none came within `patience` ms. */
export async function managerOf(rendermime: IRenderMimeRegistry, patience: number): Promise<Manager | null> {
  for (const end = Date.now() + patience; ; await rest(100)) {
    const renderer = rendermime.getFactory(WIDGET_MIME) && rendermime.createRenderer(WIDGET_MIME);
    // A renderer made before the manager was given to this notebook never gets it.
    const found = (renderer as { _manager?: { promise?: Promise<Manager> } } | undefined)?._manager?.promise;
    const manager = await Promise.race([found, rest(0)]);
    renderer?.dispose();
    if (manager || Date.now() >= end) return manager ?? null;
  }
}

/** Resolves when the manager has its widgets from the kernel. */
export function restored(manager: Manager): Promise<void> {
  return new Promise(done => {
    const slot = () => {
      manager.restored.disconnect(slot);
      done();
    };
    manager.restored.connect(slot);
  });
}

function rest(ms: number): Promise<undefined> {
  return new Promise(done => setTimeout(() => done(undefined), ms));
}
