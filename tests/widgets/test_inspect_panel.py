"""A look at the pairs from the Studio: what is judged there is not lost with the kernel."""

import json
from pathlib import Path
from typing import Any

import pytest

from ftwidgets.config import RunConfig
from ftwidgets.data import prepare
from ftwidgets.widgets.inspect_panel import InspectPanel


def opened(config: RunConfig) -> Any:
    panel = InspectPanel(lambda given: (prepare(given), None, {}), lambda rows: None, lambda length: None)
    panel._open(panel._worker._function("pairs", config))  # what a click does in a thread, here in this one
    return panel.children[-1].children[0]


def test_judging_in_the_studio_is_saved_beside_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"prompt": f"q{at}", "chosen": "good", "rejected": "bad"} for at in range(4)]
    Path("my rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    config = RunConfig(method="dpo", dataset="my rows.jsonl", test_size=0)
    viewer = opened(config)
    assert viewer.judge([1], "drop") == 1
    viewer.close()
    assert Path("my-rows-decisions.jsonl").exists()
    again = opened(config)
    assert list(again.dataset["row_id"]) == [0, 2, 3]
    again.close()
