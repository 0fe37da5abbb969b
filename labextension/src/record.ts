import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { type IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Panel, Widget } from '@lumino/widgets';

import { type LiveModel, managerOf, restored, WIDGET_MIME } from './manager';

/** What stands in the output of a view, and from its run's end on holds the record (ftwidgets/widgets/output.py). */
export const RECORD_MIME = 'application/vnd.ftwidgets.run+json';
const PATIENCE = 10_000; // ms in which a reloaded page finds the widgets of its kernel again
const NO_KERNEL = 'This view needs the kernel that made it. If that is gone, run this cell again.';

export interface Saved {
  /** The live widget that this stands for, while its kernel lives. */
  model_id?: string;
  /** The line of Python that brings the live view back. */
  reattach?: string;
  /** The runs that ended, with what the rules of health said of each; nothing before. */
  runs?: { info?: { name?: string }; health?: Told[] }[];
}

interface Told {
  headline: string;
  text: string;
  source: string;
}

/**
 * Draws a view in its output: the widget while the kernel that made it has it, and without that the record of its run,
 * with the same charts. Both have one MIME type from the start, so that JupyterLab keeps the view, and with it focus and
 * place, when a run ends and its record comes.
 */
export const recordPlugin: JupyterFrontEndPlugin<void> = {
  id: 'ftwidgets:record',
  description: 'Draws the curves of finished runs in saved notebooks.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [INotebookTracker, IConsoleTracker],
  activate: (
    _app: JupyterFrontEnd,
    registry: IRenderMimeRegistry,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
  ) => {
    document.body.dataset.ftwRecords = 'true'; // what the widget asks to know how an ended run is kept
    /** The renderers beside one of ours: each notebook and console has its own, with its own widgets. */
    const beside = ({ resolver }: IRenderMime.IRendererOptions) =>
      notebooks?.find(panel => panel.content.rendermime.resolver === resolver)?.content.rendermime ??
      consoles?.find(panel => panel.console.rendermime.resolver === resolver)?.console.rendermime ??
      registry;
    registry.addFactory(
      // Numbers and plain text only, never markup: safe in a notebook that nobody trusted yet.
      {
        safe: true,
        mimeTypes: [RECORD_MIME],
        createRenderer: options => new RecordView(() => beside(options)),
      },
      -20,
    );
  },
};

class RecordView extends Panel implements IRenderMime.IRenderer {
  private saved: Saved = {};
  private still: Widget | null = null;
  private live: Widget | null = null;

  constructor(private readonly beside: () => IRenderMimeRegistry) {
    super();
    this.addClass('ftw-record');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.saved = model.data[RECORD_MIME] as Saved;
    if (this.live || (this.saved.model_id && (await this.showLive(0)))) return;
    this.showStill();
    if (this.saved.model_id) void this.showLive(PATIENCE);
  }

  private showStill(): void {
    this.still?.dispose();
    this.live?.dispose();
    this.live = null;
    this.still = this.saved.runs ? new StillCurves(this.saved) : new Missing(this.saved);
    this.addWidget(this.still);
  }

  /** Show the widget if the kernel has it, or comes to have it before patience ends. */
  private async showLive(patience: number): Promise<boolean> {
    const id = this.saved.model_id ?? '';
    const registry = this.beside();
    const live = await liveModel(registry, id, patience, !this.saved.runs);
    if (!live || this.live || this.isDisposed) return false;
    const renderer = registry.createRenderer(WIDGET_MIME);
    let gone = false;
    const end = () => {
      gone = true;
      if (!this.isDisposed && this.live === renderer) this.showStill();
    };
    live.on('destroy', end); // the kernel ended, or Python closed the widget
    live.on('comm_live_update', () => live.comm_live || end()); // the kernel was restarted
    const data = { [WIDGET_MIME]: { model_id: id, version_major: 2, version_minor: 0 } };
    await renderer.renderModel({ data, metadata: {}, trusted: true, setData: () => undefined });
    if (gone || this.live || this.isDisposed) {
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

/**
 * The model of a widget, as soon as the manager has it; null when patience, if any, ends first.
 *
 * A model that was saved with the notebook has no kernel behind it: it is taken only with `saved`.
 */
async function liveModel(
  rendermime: IRenderMimeRegistry,
  id: string,
  patience: number,
  saved: boolean,
): Promise<LiveModel | null> {
  const manager = await managerOf(rendermime, patience);
  if (!manager) return null;
  if (patience && !manager.has_model(id) && !manager.restoredStatus) await restored(manager);
  if (!manager.has_model(id)) return null;
  const model = await manager.get_model(id).catch(() => null);
  return model?.comm_live || saved ? model : null;
}

/** In place of a view that has no kernel and no record. */
class Missing extends Widget {
  constructor(saved: Saved) {
    super();
    this.node.append(quiet(`${NO_KERNEL} `, saved.reattach));
  }
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
    const { reattach } = this.saved;
    if (reattach) this.node.append(quiet('Recorded curves. Live, with a kernel: ', reattach));
  }
}

/** A quiet line, with the Python that brings a live view back where there is such. */
function quiet(text: string, reattach = ''): HTMLElement {
  const line = document.createElement('p');
  line.className = 'ftw-record-note';
  line.append(text);
  if (reattach) {
    const code = document.createElement('code');
    code.textContent = `import ftwidgets; ${reattach}`;
    line.append(code);
  }
  return line;
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
