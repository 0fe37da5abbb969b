"""What keeps Studio's run from starting: said beside its field, listed in the header, each a way to its field."""

import ipywidgets as w
import pytest

import ftwidgets
from ftwidgets.studio.studio import STEPS
from ftwidgets.widgets.go_to import place
from tests.test_studio_model import wait_for


def links(studio):
    return {line.tooltip: line for line in studio._header._problems.children if isinstance(line, w.Button)}


@pytest.mark.parametrize(
    ("option", "value", "panel", "folded"),
    [
        ("r", "none", "Model", False),
        ("lora_dropout", "7", "Model", True),
        ("test_size", "2", "Data", False),
        ("mapping", "words", "Data", False),
        ("beta", "-1", "Method", False),
        ("learning_rate", "0", "Training", False),
        ("max_grad_norm", "-1", "Training", True),
        ("save_steps", "-1", "Training", False),
    ],
)
def test_a_problem_in_the_header_leads_to_its_field(option, value, panel, folded):
    studio = ftwidgets.Studio(method="dpo")
    told = []
    studio._focus.send = told.append
    studio._steps.turn(STEPS.index("Watch"))
    studio.fill(**{option: value})
    assert list(links(studio)) == [f"Go to {option}"]
    fold = studio._form._folds.get(option)
    assert (fold is not None) == folded and not (fold and fold.unfolded)
    links(studio)[f"Go to {option}"].click()
    assert studio._steps._stack.selected_index == STEPS.index(panel)
    assert told == [{"to": place(option)}]
    assert not fold or fold.unfolded
    assert option != "mapping" or studio._mapping.unfolded
    assert holds(studio._steps._stack.children[STEPS.index(panel)], place(option))


def holds(widget, name):
    return name in widget._dom_classes or any(holds(child, name) for child in getattr(widget, "children", ()))


def test_a_problem_that_stays_keeps_its_button():
    studio = ftwidgets.Studio(method="dpo")
    studio.fill(learning_rate="0", r="none")
    kept = links(studio)["Go to learning_rate"]
    studio.fill(r="8")
    assert links(studio) == {"Go to learning_rate": kept}
    studio.fill(learning_rate="0.1")
    assert not links(studio) and not studio._header.train.disabled


def test_why_a_run_did_not_start_stays_until_the_form_says_something_else():
    studio = ftwidgets.Studio(method="dpo", output_dir="/dev/null/runs")
    studio.train()
    for _ in range(2):
        assert studio.run is None and not links(studio)  # it leads nowhere, and Train can be pressed again
        assert "cannot make runs there" in studio._header._problems.children[0].value
        assert not studio._header.train.disabled
        studio._refresh()  # as when something was read in the background
    studio.fill(max_steps="3")
    assert not studio._header._problems.children


@pytest.mark.parametrize(
    ("given", "option", "said", "value"),
    [
        ({"method": "ppo"}, "reward", "PPO needs one", "a/folder"),
        ({"method": "ppo", "reward": " "}, "reward", "PPO needs one", "some/run"),
        ({"model": ""}, "model", "empty. Give a folder", "demo"),
        ({"dataset": " "}, "dataset", "empty. Give a file", "demo"),
    ],
)
def test_what_is_only_missing_is_asked_for_in_the_form(given, option, said, value):
    studio = ftwidgets.Studio(learning_rate=1e-5, **given)
    assert studio.config is None and studio._header.train.disabled
    assert said in studio._form.fields[option]._problem.value
    assert said in links(studio)[f"Go to {option}"].description
    studio.fill(**{option: value})
    assert f"Go to {option}" not in links(studio)
    assert getattr(studio.config, option) == value and studio.config.learning_rate == 1e-5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rewards": "x"}, "there is no such option. Did you mean reward"),
        ({"learning_rate": 0}, "learning_rate=0: use a number above 0"),
        ({"report_to": "nowhere"}, "report_to"),
        ({"beta": 0.1}, "not used by ppo"),
    ],
)
def test_what_cannot_be_is_an_error_all_the_same(given, said):
    with pytest.raises(ftwidgets.ConfigError, match=said):
        ftwidgets.Studio(method="ppo", **given)


def test_rows_that_are_not_understood_lead_to_the_mapping(tmp_path):
    rows = tmp_path / "odd.jsonl"
    rows.write_text('{"ask": "q", "plus": "good", "minus": "bad"}\n' * 4)
    studio = ftwidgets.Studio(method="dpo", dataset=str(rows))
    wait_for(studio._mapping.heading, "value", bool)  # opened by itself
    wait_for(studio._header._problems, "children", bool)
    assert "by hand" in studio._mapping._problem.value
    evidence = studio._data._evidence.value
    assert "Map columns by hand" in evidence and "mapping={" not in evidence  # that is for code
    assert list(links(studio)) == ["Go to mapping"] and not studio._form.fields["dataset"]._problem.value
    studio.fill(mapping={"shape": "preference", "prompt": "ask", "chosen": "plus", "rejected": "minus"})
    wait_for(studio._header.train, "disabled", lambda off: not off)
    assert not links(studio) and not studio._mapping._problem.value


def test_rows_that_cannot_be_read_are_told_beside_their_field_alone(tmp_path):
    studio = ftwidgets.Studio(method="dpo", dataset=str(tmp_path / "rows.jsonl"))
    wait_for(studio._form.fields["dataset"]._problem, "value", lambda text: "There is no file" in text)
    assert not studio._data._title.value and not studio._data._evidence.value
    (tmp_path / "pairs.jsonl").write_text('{"prompt": "q", "chosen": "good", "rejected": "bad"}\n')
    studio.fill(dataset=str(tmp_path / "pairs.jsonl"))
    wait_for(studio._data._title, "value", lambda text: "1 row<" in text)
    assert "ftw-looking" not in studio._data._dom_classes and not studio._form.fields["dataset"]._problem.value
