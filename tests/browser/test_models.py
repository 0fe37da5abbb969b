"""The model field in a page, with the real Python behind it: by keyboard, by pointer, and with hostile names."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ftwidgets.widgets.model_picker import ModelPicker
from tests.patience import PATIENCE

from .widget_page import OpenWidget

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def field(widget_page: OpenWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The field, the page, and what carries messages from it to Python until ``holds()``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    adapter = tmp_path / HOSTILE / "adapter"
    adapter.mkdir(parents=True)
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "org/base"}))
    (adapter / "adapter_model.safetensors").write_bytes(b"x")
    for i in range(3):
        folder = tmp_path / "cache" / f"models--org--m{i}" / "snapshots" / "c"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    told: list[dict[str, Any]] = []
    picker = ModelPicker(list, lambda adapter: None)
    picker.send = told.append  # type: ignore[method-assign]
    page = widget_page("models", {"value": "demo", "description": "model", "tooltip": "Which model"})
    carried = [0, 0]

    def carry(selector: str, count: int) -> None:
        """Hand messages over, both ways, until so many elements are in sight."""
        end = time.monotonic() + PATIENCE
        while page.view.locator(selector).count() != count:
            assert time.monotonic() < end, page.view.inner_text()
            for message in page.sent[carried[0] :]:
                carried[0] += 1
                picker._handle_custom_msg(message.content, message.buffers)
            for answer in told[carried[1] :]:
                carried[1] += 1
                page.send(answer)

    yield page, carry
    picker.close()


def test_arrows_and_enter_pick_and_escape_closes(field: Any) -> None:
    page, carry = field
    box = page.view.get_by_role("combobox", name="model")
    box.focus()
    assert box.get_attribute("aria-expanded") == "false"
    box.press("ArrowDown")
    carry("[role=option]", 5)
    assert box.get_attribute("aria-expanded") == "true"
    assert page.view.locator(".ftw-models-current").inner_text().startswith("demo")
    box.press("ArrowUp")  # a ring: from nowhere to the last
    chosen = page.view.locator("[aria-selected=true]")
    assert chosen.get_attribute("id") == box.get_attribute("aria-activedescendant")
    last = chosen.get_attribute("title")
    box.press("Enter")
    assert box.input_value() == last == page.get("value")
    assert box.get_attribute("aria-expanded") == "false" and not page.view.locator("[role=listbox]").is_visible()
    box.press("ArrowDown")
    carry("[role=option]", 5)
    box.press("Escape")
    assert not page.view.locator("[role=listbox]").is_visible() and page.get("value") == last


def test_typing_narrows_and_counts_when_the_list_closes(field: Any) -> None:
    page, carry = field
    box = page.view.get_by_role("combobox", name="model")
    box.click()
    carry("[role=option]", 5)
    box.fill("org m1")
    carry("[role=option]:has-text('org/m1')", 1)
    carry("[role=option]", 1)
    assert page.saved == [] and page.get("value") == "demo"
    page.view.locator("[role=option]").click()
    assert page.get("value") == box.input_value() == "org/m1"
    box.fill("far/away")
    carry("[role=option]:has-text('on the hub')", 1)
    box.blur()
    assert page.saved[-1] == {"value": "far/away"}


def test_an_adapter_is_named_as_text_and_goes_to_python(field: Any) -> None:
    page, carry = field
    box = page.view.get_by_role("combobox", name="model")
    box.click()
    carry("[role=option]", 5)
    row = page.view.locator("[role=option]", has_text="adapter of org/base")
    assert HOSTILE in row.inner_text() and page.view.locator("img").count() == 0
    row.click()
    assert box.input_value() == "demo" and page.saved == []
    assert page.wait_for_sent("pick").content["name"].endswith("/adapter")


def test_two_views_each_open_their_own_list(field: Any) -> None:
    page, carry = field
    other = page.add_view()
    box = page.view.get_by_role("combobox", name="model")
    box.click()
    carry("[role=option]", 5)
    assert other.locator("[role=option]").count() == 0
    page.set(value="org/m2")
    assert other.get_by_role("combobox").input_value() == "org/m2"
    page.close_view(1)
    page.close_view(0)
    assert page.listeners == 1  # the model's own, for messages
