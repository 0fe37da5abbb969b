import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { CommandIDs } from './commands';
import { ftwidgetsIcon } from './icons';

const LABEL = 'Fine-tune a language model';
const CAPTION = 'Open a new notebook with the ftwidgets Studio in it';
const CATEGORY = 'Machine learning';
const STUDIO_CELL = 'import ftwidgets\nftwidgets.Studio()';

/** Launcher card and palette command that open a new notebook with the Studio cell in it. */
export const launcherPlugin: JupyterFrontEndPlugin<void> = {
  id: 'ftwidgets:launcher',
  description: 'Opens a new notebook with the Studio cell from the launcher and the command palette.',
  autoStart: true,
  optional: [ILauncher, ICommandPalette],
  activate: (app: JupyterFrontEnd, launcher: ILauncher | null, palette: ICommandPalette | null) => {
    app.commands.addCommand(CommandIDs.openStudio, {
      label: LABEL,
      caption: CAPTION,
      icon: ftwidgetsIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            cwd: { type: 'string', description: 'Folder for the notebook' },
            kernelName: {
              type: 'string',
              description: 'Kernel to start, otherwise the default Python kernel',
            },
          },
        },
      },
      execute: args => openStudio(app, args.cwd as string | undefined, args.kernelName as string | undefined),
    });
    launcher?.add({
      command: CommandIDs.openStudio,
      category: 'Notebook',
      rank: 10,
      // Cards in this category show a kernel's picture; without one, the first letter of the label.
      kernelIconUrl: `data:image/svg+xml;utf8,${encodeURIComponent(ftwidgetsIcon.svgstr)}`,
    });
    palette?.addItem({ command: CommandIDs.openStudio, category: CATEGORY });
  },
};

/** A notebook with the Studio cell, not run: running code stays the person's own act. */
async function openStudio(app: JupyterFrontEnd, cwd?: string, kernelName?: string): Promise<NotebookPanel> {
  const panel: NotebookPanel = await app.commands.execute('notebook:create-new', {
    ...(cwd === undefined ? {} : { cwd }),
    kernelName: kernelName ?? pythonKernel(app),
  });
  await panel.context.ready;
  const first = panel.model?.cells.get(0);
  if (first) {
    first.sharedModel.setSource(STUDIO_CELL);
  } else {
    panel.model?.sharedModel.insertCell(0, { cell_type: 'code', source: STUDIO_CELL });
  }
  return panel;
}

/** The server's default kernel when it speaks Python, otherwise the first one that does. */
function pythonKernel(app: JupyterFrontEnd): string | undefined {
  const specs = app.serviceManager.kernelspecs.specs;
  const python = Object.values(specs?.kernelspecs ?? {}).filter(spec => spec?.language === 'python');
  return (python.find(spec => spec?.name === specs?.default) ?? python[0])?.name;
}
