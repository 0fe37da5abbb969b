import type { AnyModel, Render } from '@anywidget/types';

const CONTROLS = ':is(input, select, textarea, button)';

/** Nothing to see: brings the control that Python names into view and gives it the focus, once its panel is drawn. */
const render: Render = ({ model, el }: { model: AnyModel; el: HTMLElement }) => {
  let waiting = new AbortController();
  const go = ({ to }: { to: string }) => {
    waiting.abort();
    const whole = el.closest('.ftw-studio');
    if (!whole) return;
    const arrive = () => {
      const found = [...whole.querySelectorAll<HTMLElement>(`.${CSS.escape(to)} ${CONTROLS}`)];
      const control = found.find(each => each.getClientRects().length > 0);
      if (!control) return false;
      (control.closest('.ftw-field') ?? control).scrollIntoView({ block: 'nearest' });
      control.focus({ preventScroll: true });
      return true;
    };
    if (arrive()) return;
    waiting = new AbortController(); // a panel that was never shown is drawn by and by
    const { signal } = waiting;
    const watch = new MutationObserver(() => arrive() && waiting.abort());
    signal.addEventListener('abort', () => watch.disconnect());
    watch.observe(whole, { attributes: true, childList: true, subtree: true });
    // What the person does meanwhile counts more.
    for (const act of ['keydown', 'pointerdown'])
      window.addEventListener(act, () => waiting.abort(), { signal, capture: true });
  };
  model.on('msg:custom', go);
  return () => {
    waiting.abort();
    model.off('msg:custom', go);
  };
};

export default { render };
