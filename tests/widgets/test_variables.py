"""What the notebook holds is offered by name, and found again by it."""

import pandas as pd
import pytest

from ftwidgets.errors import FtwidgetsError
from ftwidgets.widgets.data_panel import look_at
from ftwidgets.widgets.variables import Variables

PAIRS = [{"prompt": f"q{i}", "chosen": "good", "rejected": "bad"} for i in range(3)]


def test_variables_with_rows_are_offered_and_follow_the_cells():
    notebook = {"my_pairs": PAIRS, "_hidden": PAIRS, "number": 3, "words": ["a", "b"]}
    picked, changes = [], []
    offers = Variables(picked.append, lambda: changes.append(1), lambda: notebook)
    assert offers.names == ["variable: my_pairs"]
    offers.children[1].click()
    assert picked == ["variable: my_pairs"]
    assert offers.find("variable: my_pairs") is PAIRS
    assert offers.find("pairs.jsonl") is None
    count = len(changes)
    offers.refresh()
    assert len(changes) == count  # nothing new, nothing to redo
    notebook["df"] = pd.DataFrame(PAIRS)
    del notebook["my_pairs"]
    offers.refresh()
    assert offers.names == ["variable: df"]
    assert "3 rows: prompt, chosen, rejected" in offers.children[1].tooltip
    with pytest.raises(FtwidgetsError, match="my_pairs"):
        offers.find("variable: my_pairs")
    offers.close()


def test_rows_of_the_kernel_are_looked_at_like_a_file():
    look = look_at(PAIRS, None, "train", None, "dpo")
    assert look.rows == 3
    assert look.usable["dpo"][0]
    assert look.preview[0]["chosen"]


def test_rows_that_cannot_be_read_are_counted_and_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "q", "chosen": "a", "rejected": "b"}\n{"prompt": "q", "ch\n' * 2)
    look = look_at(str(path), None, "train", None, "dpo")
    assert look.rows == 2
    assert any("rows 1, 3" in said and "Left out" in said for said in look.problems)
