import type { Render } from '@anywidget/types';
import { shield } from '../shield';

/** Nothing to see: keeps the notebook's shortcuts off keys pressed in the form that this widget stands in. */
const render: Render = ({ el }) => shield(el, '.ftw-studio');

export default { render };
