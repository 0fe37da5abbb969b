import type { Render } from '@anywidget/types';
import { shield } from '../shield';

/** Nothing to see: keeps the notebook's shortcuts off keys pressed in the view that this widget stands in. */
const render: Render = ({ el }) => {
  el.classList.add('ftw-own-keys'); // says that it does
  return shield(el, '.ftw-studio');
};

export default { render };
