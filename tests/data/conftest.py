import os
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture
def shared_data() -> Path:
    folder = Path(os.environ.get("FTWIDGETS_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real rows in {folder}: set FTWIDGETS_SHARED_DATA to their folder")
    return folder


@pytest.fixture
def config():
    """The data fields of a run's config, with their defaults."""

    def build(dataset, method="sft", **fields):
        usual = {
            "dataset_config": None,
            "dataset_train_split": "train",
            "eval_dataset": None,
            "test_size": 0.0,
            "mapping": None,
            "skip_bad_rows": True,
            "max_samples": None,
            "max_eval_samples": None,
            "seed": 0,
        }
        return SimpleNamespace(**(usual | {"dataset": str(dataset), "method": method} | fields))

    return build
