import type { AnyModel, Initialize, Render } from '@anywidget/types';
import { Combobox, type Message, type Traits } from './combobox';
import './style.css';

/** The model field: every view of it hears every answer, and shows the one to its own question. */
export default () => {
  const views = new Set<Combobox>();
  const initialize: Initialize<Traits> = ({ model }) => {
    model.on('msg:custom', (message: Message) => {
      for (const view of views) view.receive(message);
    });
  };
  const render: Render<Traits> = ({ model, el }) => {
    const view = new Combobox(el, model as AnyModel<Traits>);
    views.add(view);
    return () => {
      views.delete(view);
      view.dispose();
    };
  };
  return { initialize, render };
};
