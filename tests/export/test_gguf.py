"""GGUF: the converter that is there or not, and (with llama.cpp's own) a file whose outputs are the merged model's."""

import shlex
import sys

import pytest

import ftwidgets
from ftwidgets.errors import FtwidgetsError
from ftwidgets.export.gguf import CONVERTER, find_converter


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine without a converter."""
    monkeypatch.delenv(CONVERTER, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_without_a_converter_the_exact_commands_are_told(finished, nowhere):
    target = nowhere / "my model.gguf"
    with pytest.raises(FtwidgetsError) as told:
        ftwidgets.export_run(finished, "gguf", target, outtype="q8_0")
    lines = [shlex.split(line) for line in str(told.value).splitlines()[1:5]]
    assert lines[2][:2] == ["ftwidgets", "export"] and lines[2][2] == str(finished.folder)
    assert lines[3][2:] == [str(nowhere / "my model-merged"), "--outfile", str(target), "--outtype", "q8_0"]
    assert list(nowhere.iterdir()) == []


def test_the_converter_is_found_where_it_is(nowhere, monkeypatch):
    assert find_converter() is None
    script = nowhere / "convert_hf_to_gguf.py"
    script.write_text("")
    assert find_converter(nowhere) == [sys.executable, str(script)]  # llama.cpp's folder
    monkeypatch.setenv(CONVERTER, str(script))
    assert find_converter() == [sys.executable, str(script)]
    with pytest.raises(FtwidgetsError, match="no converter there"):
        find_converter(nowhere / "other.py")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import sys; sys.exit('Model FooForCausalLM is not supported')", "FooForCausalLM is not supported"),
        ("import sys; open(sys.argv[3], 'wb').write(b'GGUF, but not really')", "cannot be read"),
        ("", "wrote no file"),
    ],
)
def test_a_converter_that_fails_is_told_and_leaves_nothing(finished, tmp_path, program, words):
    (tmp_path / "convert.py").write_text(program)
    with pytest.raises(FtwidgetsError, match=words):
        ftwidgets.export_run(finished, "gguf", tmp_path / "out.gguf", converter=tmp_path / "convert.py")
    assert [p.name for p in tmp_path.iterdir()] == ["convert.py"]


def test_a_reward_model_is_refused(tmp_path):
    from ftwidgets.config import RunConfig
    from ftwidgets.runs import start_run

    run = start_run(RunConfig(method="reward", output_dir=str(tmp_path)), lambda context: context.training() or {})
    run.wait(30)
    with pytest.raises(FtwidgetsError, match="scoring head"):
        ftwidgets.export_run(run, "gguf", tmp_path / "out.gguf")
