import type { Initialize, Render } from '@anywidget/types';
import './style.css';
import { Store } from './store';
import { PairsView } from './view';

interface Model {
  /** In pixels. */
  height: number;
}

/** anywidget calls this once for every model: all its views share one store. */
export default () => {
  let store: Store;

  const initialize: Initialize<Model> = ({ model }) => {
    store = new Store(message => model.send(message));
    model.on('msg:custom', message => store.kernel.receive(message));
    store.start();
  };

  const render: Render<Model> = ({ model, el }) => {
    const view = new PairsView(el, store, model.get('height'));
    const resize = () => view.setHeight(model.get('height'));
    model.on('change:height', resize);
    return () => {
      model.off('change:height', resize);
      view.dispose();
    };
  };

  return { initialize, render };
};
