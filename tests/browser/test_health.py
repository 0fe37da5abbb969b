"""Notes on a run's health in a real JupyterLab: read, followed to the curve and the rows, and tried in the form."""

import json
import math

from ..runs.recorded import log, recorded
from .lab import Lab, Notebook

STEPS, SPIKE = 40, 25
NOTES = ".ftw-health .ftw-fold-heading"


def record_a_spike(lab: Lab) -> None:
    """A run whose loss never leaves log 2, and whose gradient spikes at one step, where row 8 has a huge loss."""
    file = lab.root / "pairs.jsonl"
    rows = [{"prompt": f"question {i}", "chosen": f"yes {i}", "rejected": f"no {i}"} for i in range(10)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    events = []
    for step in range(1, STEPS + 1):
        spikes = step == SPIKE
        losses = [0.6, 5.0] if spikes else [0.7, 0.7]
        events.append(("examples", {"step": step, "split": "train", "id": [7, 8], "loss": losses, "margin": [0.1, -4]}))
        norm = 40.0 if spikes else 0.5 + 0.01 * (step % 5)
        events.append(log(step, loss=math.log(2), grad_norm=norm, learning_rate=1e-7))
    recorded(lab.root, events, dataset=str(file), test_size=0, learning_rate=1e-7, max_steps=STEPS, run_name="stuck")


def note(notebook: Notebook, title: str):
    """The head of a note in the list."""
    return notebook.page.locator(NOTES, has_text=title)


def test_a_note_leads_to_its_steps_and_to_its_rows(lab: Lab) -> None:
    record_a_spike(lab)
    notebook = lab.open(["import ftwidgets\nbrowser = ftwidgets.RunBrowser('runs')\nbrowser"], height=1800)
    notebook.run(0)
    page = notebook.page
    page.get_by_label("stuck", exact=True).check()
    page.locator("button:visible:enabled", has_text="Open").press("Enter")
    page.locator(".ftw-health-heading", has_text="2 warnings").wait_for()
    note(notebook, "The loss has not left log 2").wait_for()
    # The evidence is marked on the axis of the curves.
    page.locator(".ftw-curves-panel canvas").first.wait_for()

    head = note(notebook, "The gradient spikes at one step")
    head.focus()
    page.keyboard.press("Enter")  # by keyboard alone
    told = page.locator(".ftw-health .ftw-quiet:visible", has_text="Pascanu")
    told.wait_for()
    page.locator(".ftw-health button:visible", has_text="Show on the curve").press("Enter")
    page.get_by_role("button", name="Whole run").wait_for()  # it has zoomed
    page.wait_for_function("() => document.activeElement.getAttribute('aria-label')?.startsWith('Gradient norm')")

    page.locator(".ftw-health button:visible", has_text="Show the row").click()
    page.locator(".ftw-said", has_text="The gradient spikes at one step (step 25): rows 8.").wait_for()
    page.locator(".ftw-pairs").get_by_text("question 8").first.wait_for()
    # Where there is no form its values are told in words.
    assert page.locator(".ftw-health button:visible", has_text="Use in the form").count() == 0
    head = note(notebook, "The loss has not left log 2")
    head.click()
    page.locator(".ftw-health-try:visible", has_text="Try learning_rate=5e-06").wait_for()


STUDIO = """
import ftwidgets
studio = ftwidgets.Studio(method="dpo", learning_rate=1e-7, max_steps=30, per_device_train_batch_size=2,
    gradient_accumulation_steps=1, max_length=64, test_size=0, eval_steps=0, save_steps=0, max_new_tokens=4)
studio
"""


def test_what_a_note_proposes_stands_in_the_form_and_starts_nothing(lab: Lab) -> None:
    notebook = lab.open([STUDIO], height=1800)
    notebook.run(0)
    page = notebook.page
    page.locator(".ftw-title", has_text="rows").wait_for()
    page.locator(".ftw-train").click()
    head = note(notebook, "The loss has not left log 2")
    head.wait_for()
    page.locator(".ftw-state", has_text="finished").wait_for()
    runs = notebook.python("len(ftwidgets.list_runs('runs'))")
    head.click()
    button = page.locator(".ftw-health button:visible", has_text="Use in the form: learning_rate=")
    rate = float(button.inner_text().partition("learning_rate=")[2])
    assert rate > 1e-7
    button.click()  # no key: soon after a click JupyterLab gives the focus to the cell
    page.wait_for_function(
        "rate => [...document.querySelectorAll('.ftw-studio input')].some(i => i.offsetParent && +i.value === rate)",
        arg=rate,
    )
    assert notebook.python("studio.config.learning_rate") == rate
    assert notebook.python("len(ftwidgets.list_runs('runs'))") == runs
