"""A file dropped on the form, with the real Python behind the page."""

import time
from pathlib import Path
from typing import Any

import pytest

from ftwidgets.widgets.upload import ACCEPTED, Upload
from tests.patience import PATIENCE

from .widget_page import OpenWidget

DROP = """(root, [name, size]) => {
  const data = new DataTransfer();
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i % 251;
  data.items.add(new File([bytes], name));
  root.dispatchEvent(new DragEvent('dragover', { dataTransfer: data, bubbles: true, cancelable: true }));
  root.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def form(widget_page: OpenWidget, tmp_path: Path) -> Any:
    taken: list[str] = []
    upload = Upload(lambda: tmp_path / "datasets", taken.append)
    page = widget_page("upload", {"accept": ACCEPTED})
    upload.send = page.send  # type: ignore[method-assign]
    carried = [0]

    def carry() -> None:
        """Hand over what the page has sent, until it has nothing more to say."""
        end = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < end, page.view.inner_text()
            sent = page.sent_since(carried[0])
            carried[0] += len(sent)
            for message in sent:
                upload._handle_custom_msg(message.content, message.buffers)
            if not sent and not page.view.locator("progress").is_visible():
                return

    yield page, carry, taken, tmp_path / "datasets"
    upload.close()


def test_a_file_above_the_websockets_limit_goes_in_pieces(form: Any) -> None:
    page, carry, taken, folder = form
    size = 11 * 2**20 + 5
    page.view.locator(".ftw-drop").evaluate(DROP, ["pairs.jsonl", size])
    carry()
    kept = (folder / "pairs.jsonl").read_bytes()
    assert len(kept) == size
    assert all(kept[i] == i % 251 for i in range(0, size, 99_991))
    assert taken == [str(folder / "pairs.jsonl")]
    assert "Kept as" in page.view.inner_text()
    assert max((len(b) for m in page.sent for b in m.buffers), default=0) <= 2 * 2**20


def test_an_empty_file_is_refused_with_the_reason(form: Any) -> None:
    page, carry, taken, _ = form
    page.view.locator(".ftw-drop").evaluate(DROP, ["<img src=x onerror=alert(1)>.csv", 0])
    carry()
    said = page.view.locator(".ftw-said")
    said.get_by_text("is empty").wait_for()
    assert said.locator("img").count() == 0
    assert not taken
