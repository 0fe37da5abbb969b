"""The card: what it says, what it must not say, and that no text in it acts."""

import re

from markdown_it import MarkdownIt
from PIL import Image

import ftwidgets
from ftwidgets.export.card import place
from ftwidgets.models.model_card import front_matter

from .conftest import HOSTILE


def test_it_tells_the_run_and_reads_back(finished, tmp_path):
    done = ftwidgets.export_run(finished, "card", tmp_path / "card")
    assert done.place == str(tmp_path / "card")
    header = front_matter(tmp_path / "card")
    assert header["license"] == "bsd-3-clause"  # the built-in model's
    assert header["tags"] == ["ftwidgets", "sft", "trl", "qlora"]
    assert "base_model" not in header  # it is on no hub
    text = (tmp_path / "card" / "README.md").read_text(encoding="utf-8")
    for words in ("3 steps in 2 s", "Training loss: 3 → 1", "It is Rome.", "It is Rome, my friend.", "| lora_alpha"):
        assert words.replace("_", "\\_") in text, words
    assert "![Loss" in text
    with Image.open(tmp_path / "card" / "curves.png") as picture:
        picture.verify()


def test_hostile_text_is_only_text(finished, tmp_path):
    ftwidgets.export_run(finished, "card", tmp_path / "card")
    text = (tmp_path / "card" / "README.md").read_text(encoding="utf-8").split("---\n", 2)[2]
    shown = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text)
    assert set(re.findall(r"<([a-z]+)", shown)) <= {
        *("h", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "pre", "code", "img"),
    }
    assert re.findall(r"<img[^>]*>", shown) == ['<img src="curves.png" alt="Loss and other curves of the run" />']
    assert "<a " not in shown and "<strong>" not in shown


def test_folders_of_this_machine_stay_out(finished, tmp_path):
    ftwidgets.export_run(finished, "card", tmp_path / "card")
    assert str(finished.folder.parent) not in (tmp_path / "card" / "README.md").read_text(encoding="utf-8")
    assert place("/home/me/secret/rows.jsonl") == "rows.jsonl"
    assert place("org/rows") == "org/rows"


def test_hostile_is_hostile():
    assert "<img" in MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(HOSTILE.replace("`", ""))
