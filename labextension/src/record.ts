import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { type IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Panel, Widget } from '@lumino/widgets';

import { type LiveModel, managerOf, restored, WIDGET_MIME } from './manager';

/** What Python leaves in a saved notebook when a run has ended (ftwidgets/widgets/record.py). */
export const RECORD_MIME = 'application/vnd.ftwidgets.run+json';
const PATIENCE = 10_000; // ms in which a reloaded page finds the widgets of its kernel again

interface Saved {
  /** The live widget that this record stands for, while its kernel lives. */
  model_id?: string;
  /** The line of Python that brings the live view back. */
  reattach?: string;
  /** What the rules of health said of each run. */
  runs?: { info?: { name?: string }; health?: Told[] }[];
}

interface Told {
  headline: string;
  text: string;
  source: string;
}

/**
 * Draws the record of a run with the same charts as the live view, and no kernel. While the kernel that made it still
 * has the widget, the widget itself is shown in its place, so nothing changes under a person's eyes when a run ends.
 */
export const recordPlugin: JupyterFrontEndPlugin<void> = {
  id: 'ftwidgets:record',
  description: 'Draws the curves of finished runs in saved notebooks.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [INotebookTracker],
  activate: (_app: JupyterFrontEnd, registry: IRenderMimeRegistry, notebooks: INotebookTracker | null) => {
    document.body.dataset.ftwRecords = 'true'; // what the widget asks to know how an ended run is kept
    registry.addFactory(
      // Numbers and plain text only, never markup: safe in a notebook that nobody trusted yet.
      { safe: true, mimeTypes: [RECORD_MIME], createRenderer: options => new RecordView(options, notebooks) },
      -20,
    );
  },
};

class RecordView extends Panel implements IRenderMime.IRenderer {
  private still: StillCurves | null = null;
  private live: Widget | null = null;

  constructor(
    private readonly options: IRenderMime.IRendererOptions,
    private readonly notebooks: INotebookTracker | null,
  ) {
    super();
    this.addClass('ftw-record');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const saved = model.data[RECORD_MIME] as Saved;
    if (this.live || (saved.model_id && (await this.showLive(saved, 0)))) return;
    this.showStill(saved);
    if (saved.model_id) void this.showLive(saved, PATIENCE);
  }

  private showStill(saved: Saved): void {
    this.still?.dispose();
    this.live?.dispose();
    this.live = null;
    this.still = new StillCurves(saved);
    this.addWidget(this.still);
  }

  /** Show the widget with this id if the notebook's kernel has it, or comes to have it before patience ends. */
  private async showLive(saved: Saved, patience: number): Promise<boolean> {
    const id = saved.model_id ?? '';
    const path = (this.options.resolver as { path?: string } | null)?.path;
    const registry = this.notebooks?.find(panel => panel.context.path === path)?.content.rendermime;
    const live = registry && (await liveModel(registry, id, patience));
    if (!live || this.isDisposed) return false;
    const renderer = registry.createRenderer(WIDGET_MIME);
    let gone = false;
    live.once('destroy', () => {
      gone = true;
      // The kernel ended or was restarted, or Python closed the widget: the record stays.
      if (!this.isDisposed && this.live === renderer) this.showStill(saved);
    });
    const data = { [WIDGET_MIME]: { model_id: id, version_major: 2, version_minor: 0 } };
    await renderer.renderModel({ data, metadata: {}, trusted: true, setData: () => undefined });
    if (gone || this.isDisposed) {
      renderer.dispose();
      return false;
    }
    this.still?.dispose();
    this.still = null;
    this.live = renderer;
    this.addWidget(renderer);
    return true;
  }
}

/** The model of a widget, as soon as the notebook's manager has it; null when patience, if any, ends first. */
async function liveModel(
  rendermime: IRenderMimeRegistry,
  id: string,
  patience: number,
): Promise<LiveModel | null> {
  const manager = await managerOf(rendermime, patience);
  if (!manager) return null;
  if (patience && !manager.has_model(id) && !manager.restoredStatus) await restored(manager);
  if (!manager.has_model(id)) return null;
  const model = await manager.get_model(id).catch(() => null);
  return model?.comm_live ? model : null; // else it was saved with the notebook, and no kernel is behind it
}

/** The charts with a record behind them, and the line that brings the live view back. */
class StillCurves extends Widget {
  private cleanup: (() => void) | undefined;

  constructor(private readonly saved: Saved) {
    super();
  }

  protected override onAfterAttach(): void {
    void this.draw();
  }

  override dispose(): void {
    this.cleanup?.();
    super.dispose();
  }

  private async draw(): Promise<void> {
    if (this.cleanup) return;
    const [{ default: curves }] = await Promise.all([
      import('../../ftwidgets/static/curves.js'),
      import('../../ftwidgets/static/curves.css'),
    ]);
    if (this.isDisposed || this.cleanup) return;
    const widget = curves();
    const model = new StillModel({ saved: this.saved, view: {}, heading: true, selectable: false });
    const forget = widget.initialize({ model });
    const close = widget.render({ model, el: this.node });
    this.cleanup = () => {
      close();
      forget();
    };
    for (const { info, health } of this.saved.runs ?? [])
      for (const note of health ?? [])
        this.node.append(folded(note, (this.saved.runs ?? []).length > 1 ? info?.name : ''));
    if (!this.saved.reattach) return;
    const line = document.createElement('p');
    line.className = 'ftw-record-note';
    const code = document.createElement('code');
    code.textContent = `import ftwidgets; ${this.saved.reattach}`;
    line.append('Recorded curves. Live, with a kernel: ', code);
    this.node.append(line);
  }
}

/** A note on a run's health: one line, opened by a click. */
function folded(note: Told, whose = ''): HTMLElement {
  const details = document.createElement('details');
  details.className = 'ftw-record-health';
  const headline = document.createElement('summary');
  headline.textContent = [whose, note.headline].filter(Boolean).join('  ·  ');
  const text = document.createElement('p');
  text.textContent = note.text;
  const source = document.createElement('p');
  source.className = 'ftw-record-note';
  source.textContent = `Source: ${note.source}`;
  details.append(headline, text, source);
  return details;
}

/** A widget's model with no kernel behind it. */
class StillModel {
  constructor(private readonly traits: Record<string, unknown>) {}
  get(name: string): unknown {
    return this.traits[name];
  }
  set(name: string, value: unknown): void {
    this.traits[name] = value;
  }
  save_changes(): void {}
  send(): void {}
  on(): void {}
  off(): void {}
}
