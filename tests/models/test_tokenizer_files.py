"""Tokenizer files are read in part; what is read is what the whole file says."""

import json

import pytest

from ftwidgets.models.tokenizer_files import read_tokenizer

TRAPS = {'"vocab": {': 0, 'a "added_tokens": [ b': 1, "\\": 2, "vocab": 3, "added_tokens": 4, "“": 5}


def written(folder, content, end=None):
    (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False, indent=1)[:end], encoding="utf-8")
    return read_tokenizer(folder)


@pytest.mark.parametrize("vocab", [TRAPS, [[token, -1.0] for token in TRAPS]], ids=["BPE", "Unigram"])
@pytest.mark.parametrize("turned", [False, True])
def test_words_that_look_like_keys_do_not_mislead(tmp_path, vocab, turned):
    added = [{"id": 9, "content": '"vocab": {"x": 99}'}, {"id": 6, "content": "</s>"}]
    parts = {
        "normalizer": {"type": "Replace", "pattern": '"vocab": [', "content": "vocab"},
        "added_tokens": added,
        "model": {"type": "BPE", "merges": [["vocab", '"']], "vocab": vocab},
    }
    content = dict(reversed(parts.items())) if turned else parts
    found = written(tmp_path, content)
    assert (found.kind, found.size) == ("tokenizer.json", 10)
    assert found.tokens == {entry["content"]: entry["id"] for entry in added}


def test_a_file_that_is_not_whole_is_none(tmp_path):
    content = {"added_tokens": [], "model": {"vocab": {"a": 0}, "merges": ["a b"] * 20}}
    assert written(tmp_path, content).kind == "tokenizer.json"
    assert written(tmp_path, content, end=-30).kind is None
    (tmp_path / "tokenizer.json").write_bytes(b"\xff\xfe{}")
    assert read_tokenizer(tmp_path).kind is None
