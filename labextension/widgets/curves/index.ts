import type { Initialize, Render } from '@anywidget/types';
import './charts.css';
import './controls.css';
import { announce } from './news';
import { Receiver, type RowsMessage } from './protocol';
import { loadRecord, type RunRecord } from './record';
import { DEFAULTS, type Options } from './state';
import { Store } from './store';
import { CurvesView } from './view';

interface Model {
  /** Options set by hand. */
  view: Partial<Options>;
  /** Whether Python has callbacks for chosen steps. */
  selectable: boolean;
  /** Whether the run's name and state stand above the charts. */
  heading: boolean;
  /** Decimated curves of a run that ended: drawn where no kernel answers. */
  saved: RunRecord | Record<string, never>;
}

const BEAT = 10000; // ms between signs of life; Python stops sending after three that fail to come

type Incoming = RowsMessage | { type: 'show'; from: number; to: number; metrics: string[] };

/**
 * What this page's notebooks keep: records, which our JupyterLab extension draws; else, in JupyterLab, pictures; else
 * (VS Code, Colab) the state of widgets.
 */
function keeps(): 'record' | 'picture' | 'state' {
  if (document.body.dataset.ftwRecords) return 'record';
  return document.body.dataset.jpThemeName ? 'picture' : 'state';
}

/**
 * anywidget calls this once for every model. The store lives here, not in `render`: a second view shows the whole
 * history at once, and a view that was closed misses nothing.
 */
export default () => {
  const store = new Store();
  const views = new Set<CurvesView>();
  /** The charts nearest to what is on the screen. */
  const nearest = (): CurvesView | undefined => [...views].sort((a, b) => a.away - b.away)[0];
  let receiver: Receiver;

  const initialize: Initialize<Model> = ({ model }) => {
    receiver = new Receiver(store, message =>
      model.send(message.type === 'ready' ? { ...message, keeps: keeps() } : message),
    );
    const saved = model.get('saved');
    if (saved && 'runs' in saved) {
      loadRecord(store, saved as RunRecord);
      receiver.provisional = true;
    }
    model.on('msg:custom', (message: Incoming, buffers: DataView[]) => {
      if (message.type === 'rows') receiver.receive(message, buffers);
      else if (message.type === 'show') {
        const near = nearest(); // shown twice, these were meant
        for (const view of views) view.show(message.from, message.to, message.metrics, view === near);
      }
    });
    const unwatch = store.onChange(rare => rare && announce(store, nearest()?.element));
    // A page that is hidden or has no view open is not listening: the kernel then stops sending.
    const beat = () => {
      if (views.size && !document.hidden) receiver.acknowledge();
    };
    const timer = setInterval(beat, BEAT);
    document.addEventListener('visibilitychange', beat);
    return () => {
      unwatch();
      clearInterval(timer);
      document.removeEventListener('visibilitychange', beat);
    };
  };

  const render: Render<Model> = ({ model, el }) => {
    const view = new CurvesView(
      el,
      store,
      {
        send: message => model.send(message),
        keep: options => {
          model.set('view', { ...options });
          model.save_changes();
        },
        selectable: () => model.get('selectable'),
        heading: model.get('heading') ?? true,
      },
      { ...DEFAULTS, ...model.get('view') },
    );
    const update = () => view.setOptions({ ...DEFAULTS, ...model.get('view') });
    const redraw = () => view.redraw();
    model.on('change:view', update);
    model.on('change:selectable', redraw);
    views.add(view);
    receiver.ready();
    return () => {
      views.delete(view);
      model.off('change:view', update);
      model.off('change:selectable', redraw);
      view.dispose();
    };
  };

  return { initialize, render };
};
