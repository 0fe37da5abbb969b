import type { Initialize, Render } from '@anywidget/types';
import './style.css';
import { type Facts, Lengths } from './lengths';
import { PreflightView, type RowMessage, type State } from './view';

interface Model {
  max_length: number;
  verdict: string;
  facts: Facts | Record<string, never>;
  state: State;
}

type Incoming = { type: 'lengths' } | RowMessage;

const SAVE_AFTER = 200; // ms without a move of the line; the numbers on the page follow at once

/** The measured lengths live here, once for all views: a view that opens later shows them at once. */
export default () => {
  const views = new Set<PreflightView>();
  let lengths: Lengths | null = null;
  let row: RowMessage | null = null;
  let update = () => {};

  const initialize: Initialize<Model> = ({ model }) => {
    const facts = () => {
      const given = model.get('facts');
      return given && 'rows' in given ? (given as Facts) : null;
    };
    update = () => {
      for (const view of views) {
        view.show(facts(), lengths, model.get('max_length'), model.get('verdict'));
        view.showState(model.get('state') ?? {});
      }
    };
    model.on('change:max_length change:verdict change:facts change:state', update);
    model.on('msg:custom', (message: Incoming, buffers: DataView[]) => {
      const known = facts();
      if (message.type === 'row') {
        row = message;
        for (const view of views) view.showRow(row);
      } else if (known) {
        lengths = Lengths.from(buffers, known);
        if (!row) model.send({ type: 'row', position: 0 });
        update();
      }
    });
    model.send({ type: 'ready' });
    model.send({ type: 'row', position: 0 });
  };

  const render: Render<Model> = ({ model, el }) => {
    let timer = 0;
    const view = new PreflightView(el, {
      limit: (value, done) => {
        model.set('max_length', value);
        clearTimeout(timer);
        if (done) model.save_changes();
        else timer = window.setTimeout(() => model.save_changes(), SAVE_AFTER);
      },
      row: position => model.send({ type: 'row', position }),
      exact: () => model.send({ type: 'exact' }),
      cancel: () => model.send({ type: 'cancel' }),
    });
    views.add(view);
    if (row) view.showRow(row);
    update();
    return () => {
      clearTimeout(timer);
      views.delete(view);
      view.dispose();
    };
  };

  return { initialize, render };
};
