import type { Initialize, Render } from '@anywidget/types';
import './style.css';
import { Upload } from './upload';

interface Model {
  accept: string;
}

/** One file at a time goes to the kernel, whichever view it was dropped on. */
export default () => {
  const views = new Set<Upload>();
  const initialize: Initialize<Model> = ({ model }) => {
    model.on('msg:custom', message => {
      for (const view of views) view.receive(message);
    });
  };
  const render: Render<Model> = ({ model, el }) => {
    const view = new Upload(el, model.get('accept'), (message, buffers) =>
      model.send(message, undefined, buffers),
    );
    views.add(view);
    return () => {
      views.delete(view);
      view.dispose();
    };
  };
  return { initialize, render };
};
