"""The button that measures a step: what it says before, meanwhile and afterwards."""

import pytest

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import DeviceMemory, Measurement, OutOfMemoryError
from ftwidgets.studio.standing import MEASURES
from ftwidgets.widgets.fit_panel import FitPanel
from ftwidgets.widgets.header import Header
from ftwidgets.widgets.measure_step import ASK, BEFORE, MeasureStep
from ftwidgets.widgets.press import CANCEL

FOUND = Measurement(1.3e9, 0.8, 1.0, 50, (4, 512), DeviceMemory("cpu", "main memory", 16e9, 8e9), "high water")
FACTS = {"changes": {"max_length": [512, 256]}, "after": 0.4e9}


class UnderWay:
    """A measurement whose end the test decides."""

    def __init__(self):
        self.ended = self.cancelled = False
        self.progress = {"phase": "loading model"}
        self.answer = FOUND
        self._call = None

    def subscribe(self, callback):
        self._call = callback
        return lambda: None

    def cancel(self):
        self.cancelled = True
        self.end(FtwidgetsError("The measurement was cancelled."))

    def move(self, **progress):
        self.progress = progress
        self._call()

    def end(self, answer):
        self.ended, self.answer = True, answer
        self._call()

    def result(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def view():
    begun, taken, changes = [], [], []

    def begin(config):
        begun.append(UnderWay())
        return begun[-1]

    view = MeasureStep(begin, taken.append, lambda: changes.append(view.busy))
    view.begun, view.taken, view.changes = begun, taken, changes
    view.offer(RunConfig(method="sft"))
    return view


def test_it_can_be_pressed_when_there_is_a_run_to_measure_and_none_goes_on(view):
    assert not view.button.disabled and view.button.description == ASK
    view.offer(None)
    assert view.button.disabled
    view.offer(RunConfig(method="sft"), free=False)
    assert view.button.disabled


def test_it_says_what_it_does_and_what_it_found(view):
    view.button.click()
    assert view.busy and view.button.description == CANCEL and view.changes == [True]
    view.begun[0].move(phase="tokenizing", done=50, total=2000)
    assert "tokenizing 50 of 2,000" in view.text.value
    view.begun[0].move(phase="measuring", done=1, total=8)
    assert "batch 1 of 8" in view.text.value
    view.begun[0].end(FOUND)
    assert not view.busy and view.button.description == ASK and view.changes == [True, False]
    assert "✓" in view.text.value and "measured 1.3 GB" in view.text.value
    assert "0.8 s a step, about 40 s for 50 steps" in view.text.value


def test_a_changed_form_makes_it_a_measurement_of_before(view):
    view.button.click()
    view.begun[0].end(FOUND)
    view.offer(RunConfig(method="sft", max_length=64))
    assert BEFORE in view.text.value and "measured 1.3 GB" in view.text.value
    view.offer(RunConfig(method="sft"))
    assert BEFORE not in view.text.value


def test_cancel(view):
    view.button.click()
    view.button.click()
    assert not view.busy and view.text.value == "" and view.text.layout.display == "none"


def test_out_of_memory_offers_what_would_fit(view):
    view.button.click()
    view.begun[0].end(OutOfMemoryError("Out of memory before training began.", "It should fit with less.", FACTS))
    assert "✕" in view.text.value and "It should fit with less." in view.text.value
    (take,) = view._take.children
    assert take.description == "Change it: 0.40 GB"
    take.click()
    assert view.taken == [{"max_length": 256}]


def test_what_went_wrong_is_text(view):
    view.button.click()
    view.begun[0].end(FtwidgetsError("<b>no such file</b>"))
    assert "⚠" in view.text.value and "<b>" not in view.text.value


def test_what_cannot_begin_says_so(view):
    def refuse(config):
        raise FtwidgetsError("No reward.")

    view._begin = refuse
    view.button.click()
    assert not view.busy and "No reward." in view.text.value


def test_it_stands_in_the_fit_panel_and_keeps_train_from_starting():
    panel = FitPanel(lambda values: None, lambda config: UnderWay())
    panel.offer(RunConfig(method="sft"), free=True)
    assert panel.step.button in panel.line.children and not panel.measuring
    panel.step.button.click()
    assert panel.measuring
    header = Header(lambda: None, lambda: None, panel, lambda name: None)
    header.show("A run", {}, busy=MEASURES if panel.measuring else "")
    assert header.train.disabled and "measured" in header.train.tooltip
