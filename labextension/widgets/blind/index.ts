import type { Render } from '@anywidget/types';
import './style.css';
import type { State } from './protocol';
import { BlindView } from './view';

interface Model {
  view: State;
}

const render: Render<Model> = ({ model, el }) => {
  const view = new BlindView(el, message => model.send(message));
  const update = () => view.show(model.get('view'));
  model.on('change:view', update);
  update();
  return () => {
    model.off('change:view', update);
    view.dispose();
  };
};

export default { render };
