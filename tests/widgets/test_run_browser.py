"""The table of runs: search, sort, choose; open, compare, delete and have back."""

import threading

import pytest

import ftwidgets
from ftwidgets.runs.remarks import read_remarks, remark
from ftwidgets.widgets.compare import Comparison
from ftwidgets.widgets.monitor import Monitor
from ftwidgets.widgets.run_rows import cells
from tests.patience import PATIENCE

from ..runs.recorded import judged, log, recorded


@pytest.fixture
def runs(tmp_path):
    made = [
        recorded(tmp_path, [log(3, loss=0.5), judged(3, [0], [1.0])], run_name="one", model="org/alpha"),
        recorded(tmp_path, [log(2, **{"eval_rewards/accuracies": 0.75})], run_name="two <i>", learning_rate=1e-3),
        recorded(tmp_path, [log(9, loss=0.1)], run_name="three", method="sft"),
    ]
    for number, run in enumerate(made):  # they began within one second
        path = run.folder / "events.jsonl"
        path.write_text(path.read_text().replace('{"t": 1', f'{{"t": {number + 2}', 1))
    return made


@pytest.fixture
def browser(tmp_path, runs):
    shown = ftwidgets.RunBrowser(tmp_path / "runs")
    yield shown
    shown.close()


def names(browser):
    return [row._box.description for row in browser._rows._rows if row.layout.display != "none"]


def tick(browser, *wanted):
    for row in browser._rows._rows:
        if row.layout.display != "none":
            row._box.value = row._box.description in wanted


def read(browser, ask):
    """Wait for what ``ask()`` reads in its thread."""
    done = threading.Event()
    show, fail = browser._reader._show, browser._reader._fail
    browser._reader._show = lambda runs: (show(runs), done.set())
    browser._reader._fail = lambda error: (fail(error), done.set())
    ask()
    assert done.wait(PATIENCE)
    browser._reader._show, browser._reader._fail = show, fail


def test_newest_first_and_sorted_by_any_column(browser):
    assert names(browser) == ["three", "two <i>", "one"]
    browser._rows.sort("steps")
    assert names(browser) == ["three", "one", "two <i>"]
    browser._rows.sort("steps")
    assert names(browser) == ["two <i>", "one", "three"]
    browser._rows.sort("run")
    assert names(browser) == ["one", "three", "two <i>"]
    assert browser._rows._titles["run"].description == "run ▲"


def test_search_looks_at_every_word_in_every_column_and_in_notes(browser, runs):
    search = browser._rows.search
    for text, found in (("dpo alpha", ["one"]), ("SFT", ["three"]), ("finished", 3), ("nowhere", [])):
        search.value = text
        assert names(browser) == found or len(names(browser)) == found
    assert "No run matches" in browser._rows._empty.value
    remark(runs[1].folder, note="best so far")
    browser.refresh()
    search.value = "so best"
    assert names(browser) == ["two <i>"]


def test_a_row_shows_the_key_metric_and_escapes_what_people_wrote(browser, runs):
    remark(runs[1].folder, tags=["<script>"], bookmarked=True)
    browser.refresh()
    row = next(row for row in browser._rows._rows if row._box.description == "★ two <i>")
    assert "75% <small>held-out accuracy</small>" in row._cells.value and "✓ finished" in row._cells.value
    assert "<script>" not in cells(row._glance)
    browser._rows.starred.value = True
    assert names(browser) == ["★ two <i>"]


def test_hidden_runs_are_left_out_until_asked_for(browser, runs):
    remark(runs[0].folder, hidden=True)
    browser.refresh()
    assert names(browser) == ["three", "two <i>"]
    browser._rows.hidden.value = True
    assert names(browser) == ["three", "two <i>", "one"]


def test_buttons_offer_what_the_ticked_runs_can_do(browser):
    def offered():
        buttons = (browser._open_button, browser._compare_button, browser._resume_button, browser._delete_button)
        return [not button.disabled for button in buttons]

    assert offered() == [False] * 4
    tick(browser, "one")
    assert offered() == [True, False, False, True]
    tick(browser, "one", "three")
    assert offered() == [False, True, False, True] and browser._compare_button.description == "Compare 2"


def test_a_tick_while_the_folder_is_looked_at_is_kept(browser):
    row = browser._rows._rows[1]
    show, person = row.show, threading.Thread(target=lambda: setattr(row._box, "value", True))

    def slow_show(glance, chosen):
        if person.ident is None:
            person.start()
            while not row._box.value:  # ticked, and nobody has heard of it yet
                pass
        show(glance, chosen)

    row.show = slow_show
    browser.refresh()
    person.join()
    assert browser.chosen == [row._glance.folder] and row._box.value and not browser._open_button.disabled


def test_open_shows_the_monitor_with_its_remarks_and_compare_shows_the_comparison(browser, runs):
    tick(browser, "one")
    read(browser, browser.open_chosen)
    assert isinstance(browser.shown, Monitor) and browser.shown.run.id == runs[0].id
    browser._detail.children[1].note.value = "written here"
    assert read_remarks(runs[0].folder).note == "written here"
    tick(browser, "one", "two <i>")
    read(browser, browser.compare_chosen)
    assert isinstance(browser.shown, Comparison) and len(browser.shown.runs) == 2
    browser.shut()
    assert browser.shown is None and len(browser._detail.children) == 1


def test_deleted_runs_leave_the_table_and_what_shows_them_and_come_back(browser, runs):
    tick(browser, "one", "three")
    read(browser, browser.compare_chosen)
    browser.delete_chosen()
    assert names(browser) == ["two <i>"] and browser.shown is None and browser.chosen == []
    assert not runs[0].folder.exists() and browser._undo_button.layout.display == ""
    browser.undo_delete()
    assert names(browser) == ["three", "two <i>", "one"] and browser._undo_button.layout.display == "none"
    assert runs[0].folder.exists()


def test_resume_says_what_stands_against_it(browser):
    tick(browser, "one")
    browser.resume_chosen()
    assert "no checkpoint" in browser._problem.value


def test_many_runs_stand_on_pages_and_ticks_stay(tmp_path):
    for number in range(30):
        folder = tmp_path / "many" / f"run-{number:02}"
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text("method: dpo\nmodel: m\ndataset: d\n")
    browser = ftwidgets.RunBrowser(tmp_path / "many")
    browser._rows.sort("run")
    assert names(browser) == [f"run-{number:02}" for number in range(12)]
    tick(browser, "run-03")
    browser._rows._on.click()
    browser._rows._on.click()
    assert names(browser) == [f"run-{number:02}" for number in range(24, 30)] and browser._rows._on.disabled
    assert [folder.name for folder in browser.chosen] == ["run-03"]
    browser._rows.search.value = "run-1"
    assert len(names(browser)) == 10
    browser.close()


def test_an_empty_folder_says_what_to_do(tmp_path):
    browser = ftwidgets.RunBrowser(tmp_path / "none")
    assert "Press Train" in browser._rows._empty.value and names(browser) == []
    browser.close()


def test_a_run_without_an_adapter_cannot_be_judged(browser):
    assert browser._blind_button.disabled
    tick(browser, "one")
    assert not browser._blind_button.disabled
    browser.judge_chosen()
    assert "no adapter there" in browser._problem.value and browser.shown is None
