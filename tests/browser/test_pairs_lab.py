"""The pair viewer in a real JupyterLab: its keys are its own there, and a reload loses nothing."""

import json

from .lab import Lab

CELL = """
import ftwidgets
rows = [{"prompt": f"q{at}", "chosen": f"yes {at}", "rejected": f"no {at}"} for at in range(9)]
viewer = ftwidgets.PreferencePairs(rows, decisions="decided.jsonl", reviewer="ana")
viewer
"""


def test_keys_judge_pairs_and_leave_the_notebook_alone(lab: Lab) -> None:
    notebook = lab.open([CELL, "viewer", "1 + 1"])
    notebook.run(0)
    view = notebook.cell(0).locator(".ftw-pairs")
    view.locator(".ftw-side").first.wait_for()
    for row in (1, 0):  # a key that is pressed before the chosen pair has come is meant for none
        view.locator(".ftw-row").nth(row).click()
        view.locator(".ftw-detail-head b", has_text=f"#{row}").wait_for()
    view.get_by_role("listbox").focus()
    for key, row in (("d", 1), ("d", 2), ("k", 3)):  # in command mode D D would delete the cell
        notebook.page.keyboard.press(key)
        view.locator(".ftw-detail-head b", has_text=f"#{row}").wait_for()
    view.locator(".ftw-counts", has_text="judged 3 / 9").wait_for()
    assert notebook.page.evaluate("() => window.__panel.content.widgets.length") == 3
    assert notebook.python("list(viewer.dataset['row_id'])") == [2, 3, 4, 5, 6, 7, 8]
    lines = notebook.python("open('decided.jsonl').read()").splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == ["drop", "drop", "keep"]

    notebook.reload()
    notebook.run(1)  # the same viewer, shown again in a new page
    again = notebook.cell(1).locator(".ftw-pairs")
    again.locator(".ftw-detail-head b", has_text="#3").wait_for()
    again.locator(".ftw-counts", has_text="judged 3 / 9").wait_for()
    dropped = again.locator(".ftw-row .ftw-state-drop")
    dropped.nth(1).wait_for()
    assert dropped.count() == 2
    again.get_by_role("listbox").focus()
    notebook.page.keyboard.press("z")
    again.locator(".ftw-counts", has_text="judged 2 / 9").wait_for()
