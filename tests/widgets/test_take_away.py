"""The Take away panel: what can be pressed when, and what is said of it."""

import threading

import pytest

from ftwidgets.config import RunConfig
from ftwidgets.runs import start_run
from ftwidgets.widgets.take_away import BUTTONS, EMPTY, GOES_ON, TakeAway
from tests.patience import PATIENCE


@pytest.fixture
def run(tmp_path):
    run = start_run(RunConfig(method="sft", output_dir=str(tmp_path)), lambda context: context.training() or {})
    assert run.wait(PATIENCE) == "finished"
    return run


def pressed(panel, kind):
    """Press a button and wait for its thread."""
    before = set(threading.enumerate())
    panel.buttons[kind].click()
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("export of"):
            thread.join(PATIENCE)


def test_nothing_can_be_pressed_without_a_finished_run(run, tmp_path):
    panel = TakeAway(lambda *a: "never")
    assert all(button.disabled for button in panel.buttons.values()) and EMPTY in panel.state.value
    gate = threading.Event()
    going = start_run(
        RunConfig(method="sft", output_dir=str(tmp_path)),
        lambda context: context.training() or {"x": gate.wait(PATIENCE)},
    )
    panel.show(going)
    assert all(button.disabled for button in panel.buttons.values()) and GOES_ON in panel.state.value
    gate.set()
    going.wait(PATIENCE)
    panel.show(going)
    assert not any(button.disabled for button in panel.buttons.values()) and GOES_ON not in panel.state.value


def test_every_button_has_words_and_a_tooltip():
    panel = TakeAway(lambda *a: "")
    assert set(panel.buttons) == set(BUTTONS)
    assert all(button.description and button.tooltip for button in panel.buttons.values())
    assert panel.target.tooltip and panel.target.description


def test_a_press_exports_with_progress_and_shows_text(run):
    calls, shown = [], []

    def export(run, to, target, progress):
        calls.append((run.id, to, target))
        progress("merging", 1, 3)
        shown.append(panel.state.value)
        assert all(button.disabled for button in panel.buttons.values())  # one at a time
        return "merged: <b>out</b>"

    panel = TakeAway(export)
    panel.show(run)
    pressed(panel, "merged")
    panel.target.value = " /tmp/x "
    pressed(panel, "adapter")
    assert calls == [(run.id, "merged", None), (run.id, "adapter", "/tmp/x")]
    assert "Merging 1 of 3" in shown[0]
    assert "✓ merged: &lt;b&gt;out&lt;/b&gt;" in panel.state.value
    assert not any(button.disabled for button in panel.buttons.values())


def test_an_error_is_text_and_the_next_press_works(run):
    def export(run, to, target, progress):
        if to == "hub":
            raise ValueError("<img src=x> is no repository")
        return "done"

    panel = TakeAway(export)
    panel.show(run)
    pressed(panel, "hub")
    assert "⚠" in panel.state.value and "&lt;img" in panel.state.value and "<img" not in panel.state.value
    pressed(panel, "card")
    assert "✓ done" in panel.state.value
