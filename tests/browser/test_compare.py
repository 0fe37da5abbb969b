"""Runs in a real JupyterLab: found in the table, compared, and from a curve to the pairs behind it."""

import json
import re

from ..runs.recorded import judged, log, pairs, recorded
from .lab import Lab


def record_two(lab: Lab) -> None:
    """Two runs on eight pairs; the second gets the two held-out ones wrong."""
    file = lab.root / "pairs.jsonl"
    rows = [{"prompt": f"question {i}", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(8)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, sign in (("good", 1), ("bad", -1)):
        events = []
        for step in range(1, 5):
            ids = [2 * step - 2, 2 * step - 1]
            events.append(pairs(step, "train", ids, [(-1, 1)] * 2, [(-2, 1)] * 2, margin=[0.1 * step, -0.1 * step]))
            events.append(log(step, loss=1 / step, **{"rewards/margins": 0.0}))
        events.append(judged(4, [0, 1], [sign, sign]))
        recorded(lab.root, events, dataset=str(file), eval_dataset=str(file), run_name=name)


def test_from_the_table_of_runs_to_a_comparison_to_the_pairs_and_back(lab: Lab) -> None:
    record_two(lab)
    notebook = lab.open(["import ftwidgets\nbrowser = ftwidgets.RunBrowser('runs')\nbrowser"], height=1600)
    notebook.run(0)
    page = notebook.page
    rows = page.locator(".ftw-run-line:not(.ftw-run-head):visible")
    page.get_by_label("good", exact=True).focus()
    page.keyboard.press("Space")  # by keyboard alone
    page.get_by_label("bad", exact=True).check()
    page.get_by_role("button", name="Compare 2").press("Enter")
    verdict = page.locator(".ftw-verdict", has_text="Best on 2 held-out pairs: good")
    verdict.wait_for()
    assert "good" in page.locator(".ftw-compare .ftw-leader th").inner_text()

    chart = page.locator(".ftw-compare .ftw-curves-over").first
    chart.hover()  # where it stays: playwright waits until it moves no more
    page.locator(".ftw-compare .ftw-curves-where", has_text=re.compile(r"^(good|bad) · step")).wait_for()
    chart.click()
    said = page.locator(".ftw-said", has_text="2 pairs. Mean margin 0")
    said.wait_for()
    page.locator(".ftw-pairs .ftw-counts", has_text="2 of 8").wait_for()
    first, step = notebook.python(
        "[(v.shown.tolist(), p._asked[2]) for p in browser.shown._behind.values() for v in p.viewers.values()][0]"
    )
    assert first == [2 * step - 1, 2 * step - 2]  # the lower margin first
    page.locator(".ftw-pairs").get_by_text(f"question {2 * step - 1}").first.wait_for()

    page.get_by_role("button", name="Close").first.click()
    page.locator(".ftw-compare").wait_for(state="detached")
    page.get_by_label("good", exact=True).uncheck()
    page.locator(".ftw-buttons button[title^='Move']").click()
    page.get_by_role("button", name="Undo delete").wait_for()
    rows.nth(1).wait_for(state="hidden")
    assert rows.count() == 1 and not page.get_by_label("bad", exact=True).is_visible()
    assert not any((lab.root / "runs").glob("*bad"))
    page.get_by_role("button", name="Undo delete").click()
    rows.nth(1).wait_for()
    page.get_by_label("bad", exact=True).wait_for()
    assert any((lab.root / "runs").glob("*bad"))
