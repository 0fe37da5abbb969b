"""The main job in a real JupyterLab: a form starts 4-bit training in the kernel and its curves move."""

import nbformat

from ftwidgets.widgets.record import MIME

from ..runs.recorded import log, recorded
from .lab import Lab

STUDIO = """
import ftwidgets
studio = ftwidgets.Studio(max_steps={steps}, max_eval_samples=8, eval_steps=0, max_new_tokens=16)
studio
"""


def test_train_click_moves_curves_while_cells_run_and_stop_keeps_what_was_learnt(lab: Lab) -> None:
    notebook = lab.open([STUDIO.format(steps=5000), "6 * 7"])
    notebook.run(0)
    page = notebook.page
    train = page.locator(".ftw-train")
    page.locator(".ftw-title", has_text="rows").wait_for()
    train.click()
    page.wait_for_function("() => document.querySelector('.ftw-state')?.textContent.includes('training')")
    page.locator(".ftw-monitor canvas").first.wait_for()
    page.wait_for_function("() => /step [1-9]/.test(document.querySelector('.ftw-numbers')?.textContent ?? '')")
    seen = notebook.python("len(studio.run.store)")
    assert notebook.run(1)[0]["data"]["text/plain"] == "42"  # other cells run meanwhile
    assert train.is_disabled()
    assert notebook.python("studio.run.status") == "training"
    page.wait_for_function(
        "seen => parseInt(/step ([\\d,]+)/.exec(document.querySelector('.ftw-numbers').textContent)?.[1]"
        ".replaceAll(',', '')) > seen",
        arg=seen,
    )
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("() => document.querySelector('.ftw-state')?.textContent.includes('stopped')")
    page.locator(".ftw-story", has_text="kept what was learnt").wait_for()
    page.locator(".ftw-samples ins, .ftw-samples td").first.wait_for()
    assert notebook.python("(studio.run.folder / 'adapter' / 'adapter_model.safetensors').exists()")
    assert notebook.outputs(1)[0]["output_type"] == "execute_result"  # nothing was printed into another cell
    assert len(notebook.outputs(1)) == 1
    page.wait_for_function(
        "() => [...document.querySelectorAll('button')].some(b => b.textContent.trim() === 'Train' && !b.disabled)"
    )


def test_a_reloaded_page_shows_the_run_that_went_on(lab: Lab) -> None:
    notebook = lab.open([STUDIO.format(steps=5000), "studio"])
    notebook.run(0)
    page = notebook.page
    page.locator(".ftw-train").click()
    page.wait_for_function("() => /step [1-9]/.test(document.querySelector('.ftw-numbers')?.textContent ?? '')")
    notebook.reload()
    notebook.run(1)
    page.locator(".ftw-monitor canvas").first.wait_for()
    page.locator(".ftw-state", has_text="training").first.wait_for()
    notebook.python("studio.run.stop()")
    page.locator(".ftw-state", has_text="stopped").first.wait_for()


def test_a_problem_stands_beside_its_field_and_disables_train(lab: Lab) -> None:
    notebook = lab.open(["import ftwidgets\nstudio = ftwidgets.Studio()\nstudio"])
    notebook.run(0)
    page = notebook.page
    page.locator(".ftw-steps").get_by_role("button", name="4 Training").click()
    field = page.get_by_label("learning_rate")
    field.fill("0")
    page.locator(".ftw-field", has=field).locator(".ftw-problem", has_text="above 0").wait_for()
    page.locator(".ftw-problems", has_text="learning_rate").wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('button')].some(b => b.textContent.trim() === 'Train' && b.disabled)"
    )
    field.fill("0.001")
    page.wait_for_function(
        "() => [...document.querySelectorAll('button')].some(b => b.textContent.trim() === 'Train' && !b.disabled)"
    )
    page.locator(".ftw-header button", has_text="Code").click()
    assert "learning_rate=0.001" in page.locator(".ftw-code textarea").input_value()


def test_a_saved_notebook_keeps_the_curves_of_the_run_that_studio_made(lab: Lab) -> None:
    notebook = lab.open([STUDIO.format(steps=6)])
    notebook.run(0)
    page = notebook.page
    page.locator(".ftw-title", has_text="rows").wait_for()
    page.locator(".ftw-train").click()
    page.locator(".ftw-state", has_text="finished").wait_for()
    page.wait_for_function(
        "() => JSON.stringify(window.__panel.content.widgets[0].model.outputs.toJSON()).includes('image/png')"
    )
    page.locator(".ftw-studio .ftw-train").wait_for()  # here the form stays; elsewhere the file shows the curves
    (output,) = notebook.save().cells[0].outputs
    assert {MIME, "image/png", "text/html"} <= set(output["data"])
    assert "rewards/margins" in output["data"]["text/html"]
    cell = nbformat.v4.new_code_cell("", outputs=[output])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), lab.root / "saved.ipynb")
    saved = lab.page("saved.ipynb")
    saved.locator(".ftw-record .ftw-curves canvas").first.wait_for()
    assert saved.get_by_text("model not found").count() == 0


VIEWS = {  # a view, and a control in it that takes the focus and does nothing of its own with R and D
    "ftwidgets.Studio()": ".ftw-steps button",
    "ftwidgets.RunBrowser('runs')": "button[title^='Look at the folder']",
    "ftwidgets.compare('runs')": ".ftw-buttons button",
    "ftwidgets.load_run(ftwidgets.list_runs('runs').folder[0]).curves()": ".ftw-curves button",
    "from ftwidgets.widgets.blind import BlindView\nBlindView()": ".ftw-blind button",
}


def test_keys_pressed_in_a_view_leave_the_notebook_alone(lab: Lab) -> None:
    for name in ("one", "two"):
        recorded(lab.root, [log(step, loss=1 / step) for step in range(1, 5)], run_name=name)
    notebook = lab.open([f"import ftwidgets\n{view}" for view in VIEWS])
    for index, control in enumerate(VIEWS.values()):
        notebook.run(index)
        found = notebook.cell(index).locator(control).first
        found.wait_for()
        if found.locator("xpath=ancestor::*[contains(@class, 'ftw-studio')]").count():
            notebook.cell(index).locator(".ftw-own-keys").first.wait_for(state="attached")
        found.focus()
        for key in "rdd":  # in command mode R makes the cell a raw one, and D D deletes it: the view would be gone
            notebook.page.keyboard.press(key)
        cells = notebook.page.evaluate("() => window.__panel.content.widgets.map(cell => cell.model.type)")
        assert cells == ["code"] * len(VIEWS), list(VIEWS)[index]
        assert found.evaluate("it => it === document.activeElement")


def test_a_problem_leads_to_its_field_by_keyboard_alone(lab: Lab) -> None:
    notebook = lab.open(["import ftwidgets\nstudio = ftwidgets.Studio(method='dpo')\nstudio"], width=800)
    notebook.run(0)
    page = notebook.page
    notebook.python("studio.fill(learning_rate='0', lora_dropout='7', model='nowhere')")
    for option in ("learning_rate", "lora_dropout", "model"):
        link = page.locator(f".ftw-problem-link[title='Go to {option}']")
        link.focus()
        page.keyboard.press("Enter")
        field = page.locator(f".ftw-at-{option} input").first
        page.wait_for_function("it => it === document.activeElement", arg=field.element_handle())
        assert field.evaluate(
            "it => { const b = it.getBoundingClientRect(); return it.contains(document.elementFromPoint("
            "b.x + b.width / 2, b.y + b.height / 2)); }"
        )
    heading = page.locator(".ftw-fold-heading", has_text="Advanced (11 fields, 1 changed)")
    assert page.get_by_label("lora_dropout").is_visible()
    heading.focus()
    page.keyboard.press("Space")
    page.get_by_label("lora_dropout").wait_for(state="hidden")
