"""The public names: sorted, complete, and loaded only when used."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import ftwidgets

HEAVY = ("torch", "transformers", "pandas", "datasets", "plotly", "polars", "pyarrow", "ipywidgets", "anywidget")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_names_are_sorted_and_in_dir() -> None:
    assert list(ftwidgets.__all__) == sorted(ftwidgets.__all__)
    assert set(ftwidgets.__all__) <= set(dir(ftwidgets))


@pytest.mark.parametrize("name", ftwidgets.__all__)
def test_every_name_loads_and_has_a_docstring(name: str) -> None:
    assert getattr(ftwidgets, name).__doc__


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Studioo'"):
        _ = ftwidgets.Studioo


def test_import_loads_nothing_heavy() -> None:
    assert python(f"import sys, ftwidgets; print([name for name in {HEAVY} if name in sys.modules])") == "[]"


def test_version_is_the_installed_one() -> None:
    assert ftwidgets.__version__ == version("ftwidgets")
