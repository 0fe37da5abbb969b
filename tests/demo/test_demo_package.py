"""What ships: small, and importable without torch."""

import subprocess
import sys

from ftwidgets import demo


def test_everything_that_ships_stays_under_six_megabytes():
    files = [path for path in demo.FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 6_000_000


def test_import_is_free_of_torch():
    code = "import sys, ftwidgets.demo; print({'torch', 'transformers', 'datasets', 'pandas'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_the_model_folder_has_what_hugging_face_expects_and_says_instruct():
    folder = demo.model_folder()
    names = {path.name for path in folder.iterdir()}
    assert {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    } <= names
    assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in names)
    assert "instruct" in folder.name and "instruct" in (folder / "README.md").read_text(encoding="utf-8")
