"""The command line, in a process of its own where that matters."""

import subprocess
import sys
from pathlib import Path

import pytest

from ftwidgets import cli
from ftwidgets.config.run_config import OPTIONS


def ftwidgets(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ftwidgets.cli", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], "give a run's YAML"),
        (["train", "nowhere.yaml"], "No file nowhere.yaml"),
        (["train", "--method", "dpo", "--beta", "often"], "beta='often': use a number above 0"),
        (["train", "--method", "dopo"], "method='dopo': use one of sft, dpo"),
        (["train", "--resume", "nowhere"], "No run in nowhere"),
        (["train", "run.yaml", "--resume", "somewhere"], "leave out the YAML"),
    ],
)
def test_wrong_options_say_what_to_do(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    assert message in capsys.readouterr().err


def test_every_option_of_a_run_has_a_flag_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert [name for name in OPTIONS if f"--{name} " not in text] == []


def test_help_and_wrong_options_need_no_torch(tmp_path: Path) -> None:
    code = "import sys; from ftwidgets import cli; cli.main(['train', '--beta', 'x']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_yaml_file_trains_and_options_win(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("method: dpo\nmodel: demo\ndataset: demo\nmax_steps: 50\nmax_samples: 16\n")
    done = ftwidgets("train", "run.yaml", "--max_steps", "2", "--learning-rate", "1e-5", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "finished after 2 steps" in done.stdout
    assert "before: " in done.stdout
    folder = next((tmp_path / "runs").iterdir())
    assert (folder / "adapter" / "adapter_model.safetensors").is_file()
    assert "learning_rate: 1.0e-05" in (folder / "config.yaml").read_text()
    assert done.stderr == ""  # no library prints into the terminal
