"""The fixture `widget_page` behaves as anywidget's front end does."""

from pathlib import Path

from .widget_page import OpenWidget, Sent

ECHO = """
export default {
  initialize({ model }) {
    model.on('msg:custom', (content, buffers) => {
      const sum = buffers.flatMap(b => [b.getFloat64(0, true)]).reduce((a, b) => a + b, 0);
      model.send({ type: 'echo', content, sum }, undefined, [new Float64Array([sum]).buffer, new Uint8Array([1, 2])]);
    });
    model.send({ type: 'ready', bytes: model.get('blob').byteLength });
  },
  render({ model, el }) {
    const button = document.createElement('button');
    const show = () => { button.textContent = model.get('label'); };
    model.on('change:label', show);
    show();
    button.onclick = () => { model.set('clicks', model.get('clicks') + 1); model.save_changes(); };
    el.append(button);
    return () => model.off('change:label', show);
  },
};
"""


def test_traits_messages_buffers_and_views(widget_page: OpenWidget, tmp_path: Path) -> None:
    (tmp_path / "echo.js").write_text(ECHO)
    widget = widget_page("echo", {"label": "one", "clicks": 0, "blob": b"abc"}, theme="dark", static=tmp_path)
    assert widget.wait_for_sent("ready").content == {"type": "ready", "bytes": 3}

    widget.send({"n": 1}, [b"\x00" * 7 + b"\x40"])  # 2.0, little endian
    assert widget.sent[-1] == Sent(
        {"type": "echo", "content": {"n": 1}, "sum": 2}, [b"\x00" * 7 + b"\x40", b"\x01\x02"]
    )

    button = widget.view.get_by_role("button")
    button.click()
    button.click()
    assert widget.saved == [{"clicks": 1}, {"clicks": 2}]
    assert widget.get("clicks") == 2

    second = widget.add_view()
    widget.set(label="two")
    assert [button.inner_text(), second.inner_text()] == ["two", "two"]
    assert widget.listeners == 3
    widget.close_view(1)
    assert widget.listeners == 2
    background = widget.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(17, 17, 17)"  # JupyterLab Dark's --jp-layout-color0, #111
