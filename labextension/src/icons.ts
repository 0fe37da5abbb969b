import { LabIcon } from '@jupyterlab/ui-components';

import source from '../style/icons/ftwidgets.svg';

/** A falling loss curve between two points. */
export const ftwidgetsIcon = new LabIcon({ name: 'ftwidgets:icon', svgstr: source });
