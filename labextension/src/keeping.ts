import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';

import { RECORD_MIME, type Saved } from './record';

/**
 * Puts the record of an ended run into its output also where the page was loaded after the run was shown.
 *
 * Python updates the output by its display id. A saved notebook has none, so JupyterLab knows no output of that id after
 * a reload. The record names the widget that it stands for, and so do outputs.
 */
export const keepingPlugin: JupyterFrontEndPlugin<void> = {
  id: 'ftwidgets:keeping',
  description: 'Keeps the curves of ended runs in notebooks that were reloaded meanwhile.',
  autoStart: true,
  optional: [INotebookTracker],
  activate: (_app: JupyterFrontEnd, notebooks: INotebookTracker | null) => {
    notebooks?.widgetAdded.connect((_, panel) => {
      panel.sessionContext.iopubMessage.connect((_, message) => {
        if (message.header.msg_type === 'update_display_data') keep(panel, (message.content as Update).data);
      });
    });
  },
};

type Bundle = Record<string, unknown>;

interface Update {
  data: Bundle;
}

/** What is used of a code cell's outputs. */
interface Outputs {
  readonly length: number;
  get(index: number): { data: Bundle; toJSON(): object };
  set(index: number, output: object): void;
}

function keep(panel: NotebookPanel, record: Bundle): void {
  const id = (record[RECORD_MIME] as Saved | undefined)?.model_id;
  if (!id) return;
  for (const cell of panel.content.model?.cells ?? []) {
    const outputs = (cell as unknown as { outputs?: Outputs }).outputs;
    for (let i = 0; outputs && i < outputs.length; i++) {
      const output = outputs.get(i);
      const before = output.data[RECORD_MIME] as Saved | undefined;
      if (before?.model_id === id && !before.runs) outputs.set(i, { ...output.toJSON(), data: record });
    }
  }
}
