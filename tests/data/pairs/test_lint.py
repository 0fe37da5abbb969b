"""Each check finds what it names and leaves alone what only looks like it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Dataset

from ftwidgets.data.pairs import CHECKS, Finding, LintReport, PairTable, lint
from ftwidgets.data.pairs.checks import linter
from ftwidgets.data.pairs.stats import Cancelled
from ftwidgets.errors import FtwidgetsError

from .made import OTHER, REPLY, chat, strings

Maker = Callable[..., list[dict[str, Any]]]


def marked(report: LintReport, check: str) -> list[int]:
    return report[check].positions.tolist()


@pytest.mark.parametrize("made", [strings, chat])
def test_pairs_against_each_other(made: Maker) -> None:
    report = lint(
        Dataset.from_list(
            made(
                ("q", REPLY, OTHER),
                ("q", OTHER, REPLY),  # contradicts the first
                ("q", REPLY, REPLY),  # identical sides, which contradict nothing
                ("q", REPLY, OTHER),  # the first again
                ("other", OTHER, REPLY),  # the same answers to another question
                ("q", "A third answer.", OTHER),
                ("r", "w " * 39 + "x", "w " * 39 + "y"),  # 39 of 40 words
                ("r", "w " * 9 + "x", "w " * 9 + "y"),  # 9 of 10 words
            )
        )
    )
    assert marked(report, "contradiction") == [0, 1, 3]
    assert marked(report, "identical") == [2]
    assert marked(report, "duplicate") == [3]
    assert marked(report, "near_identical") == [6]


@pytest.mark.parametrize("made", [strings, chat])
@pytest.mark.parametrize(
    ("check", "bad", "good"),
    [
        ("empty", ["", " \n\t ", "\u3000\u200b"], [".", "0"]),
        (
            "refused_chosen",
            [
                "I'm sorry, but I can't help with that.",
                "I’m sorry, but I cannot assist with that request.",
                "I cannot provide medical advice.",
                "I apologize, but I am not able to share that.",
                "As an AI language model, I don't have opinions.",
                "Unfortunately, I am unable to open links.",
                "很抱歉，我无法回答这个问题。",
                "对不起，我不能提供这类信息。",
                "作为一个AI语言模型，我不能参与讨论。",
            ],
            [
                "I'm sorry to hear that your dog is ill. Here is what to do.",
                "Sorry for the wait! Here is the list.",
                "You cannot divide by zero.",
                "I cannot recommend this film enough? Watch it tonight!"[21:],
                "抱歉让你久等了，这是答案。",
                "我不能不说，这道菜很好吃。",
            ],
        ),
        (
            "encoding",
            [
                "fiancÃ© is here",
                "her â\x80\x94 dash",
                "itâ€™s",
                "broken \ufffd",
                "nul \x00 byte",
                "ä½\xa0å¥½",
                "锟斤拷",
            ],
            [
                "fiancé, café… “quoted” – «oui»",
                "你好，世界",
                "tab\tand\r\nlines",
                "São João, NÃO",
                "😀 emoji",
                "a\x85b",
            ],
        ),
        (
            "template",
            [
                "hello<|im_end|>",
                "[INST] hi [/INST]",
                "### Response: yes",
                "done</s>",
                "<start_of_turn>model",
                "ok\n\nHuman: more",
                "<｜Assistant｜>是",
                "{{ prompt }}",
            ],
            [
                "### Results",
                "a <b>bold</b> word",
                "if a <| b",
                "[INSTALL]",
                "</s> is a strikethrough tag",
                "A: months\n\nB: no",
            ],
        ),
    ],
)
def test_texts(made: Maker, check: str, bad: list[str], good: list[str]) -> None:
    rows = [(f"question {at}", text, REPLY) for at, text in enumerate([*bad, *good])]
    found = {rows[at][1] for at in marked(lint(made(*rows)), check)}
    assert found == set(bad)


def test_what_was_found_is_counted_by_kind() -> None:
    report = lint(strings(("q", "a<|im_end|>", "b<|im_end|>"), ("q2", "c\ufffd", "fiancÃ©"), ("q3", "x", "y")))
    assert report["template"].text == "<|im_end|> (2)"
    assert report["encoding"].text == "U+FFFD (1), wrongly decoded (1)"
    assert marked(report, "encoding") == [1]


def test_a_refusal_is_told_by_side() -> None:
    report = lint(strings(("q", "I cannot help with that.", OTHER), ("q2", REPLY, "I cannot help with that.")))
    assert (marked(report, "refused_chosen"), marked(report, "refused_rejected")) == ([0], [1])


def test_sides_that_answer_different_conversations() -> None:
    def sides(first: str, second: str) -> dict[str, Any]:
        return {
            side: [{"role": "user", "content": text}, {"role": "assistant", "content": side}]
            for side, text in (("chosen", first), ("rejected", second))
        }

    report = lint([sides("same", "same"), sides("one", "two")])
    assert marked(report, "prompt_mismatch") == [1]
    talk = "\n\nHuman: {}\n\nAssistant: {}"
    rows = [
        {"chosen": talk.format("hi", "a"), "rejected": talk.format("hi", "b")},
        {"chosen": talk.format("hi", "a"), "rejected": talk.format("ho", "b")},
    ]
    assert marked(lint(rows), "prompt_mismatch") == [1]
    assert "prompt stands once" in lint(strings(("q", "a", "b"))).not_checked["prompt_mismatch"]


def test_leakage_goes_by_prompt_without_case_and_blanks() -> None:
    held_out = chat(("What is  RED?", "x", "y"))
    report = lint(strings(("what is red?\n", "a", "b"), ("What is blue?", "a", "b")), held_out=held_out)
    assert marked(report, "leakage") == [0]
    assert "held_out" in lint(strings(("q", "a", "b"))).not_checked["leakage"]


def test_the_held_out_split_may_be_a_file_and_one_that_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    held_out = tmp_path / "held.jsonl"
    held_out.write_text(json.dumps({"question": "Q1", "chosen": "x", "rejected": "y"}))
    pairs = strings(("q1", "a", "b"), ("q2", "a", "a"))
    assert marked(lint(pairs, held_out=held_out), "leakage") == [0]
    report = lint(pairs, held_out=tmp_path / "none.jsonl")
    assert "none.jsonl" in report.not_checked["leakage"]
    assert marked(report, "identical") == [1]


class WordTokenizer:
    """A token a word."""

    chat_template = None

    def __call__(self, texts: list[str], add_special_tokens: bool) -> dict[str, list[list[int]]]:
        assert not add_special_tokens
        return {"input_ids": [[0] * len(text.split()) for text in texts]}


def test_truncation_counts_prompt_and_the_longer_side() -> None:
    rows = strings(("a b ", "c d", "c"), ("a b ", "c", "c d e"), ("a b ", "c", "d"))
    report = lint(rows, max_length=4, tokenizer=WordTokenizer())
    assert marked(report, "truncation") == [1]
    assert report["truncation"].values == {"max_length": 4, "longest": 5}
    given = lint(rows, max_length=4, token_lengths=(np.array([5, 1, 1]), np.array([1, 1, 1])))
    assert marked(given, "truncation") == [0]
    with pytest.raises(FtwidgetsError, match="2 and 3 values for 3 pairs"):
        lint(rows, max_length=4, token_lengths=(np.zeros(2), np.zeros(3)))
    with pytest.raises(FtwidgetsError, match="cannot be called"):
        lint(rows, max_length=4, tokenizer=lambda text: text)


def test_samples_say_how_many_rows_they_rest_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linter, "TOKENIZED_ROWS", 3)
    report = lint(strings(*[("a ", "b", "c")] * 10), max_length=1, tokenizer=WordTokenizer())
    assert (report["truncation"].looked_at, report["truncation"].count) == (3, 3)
    assert "of 3 looked at" in repr(report)


def test_length_bias_names_the_side_and_its_rows() -> None:
    report = lint(strings(*[("q" + "x" * at, "long answer", "short") for at in range(30)], ("z", "s", "longer")))
    finding = report["length_bias"]
    assert finding.values["accuracy"] == pytest.approx(30 / 31)
    assert finding.suspicious
    assert marked(report, "length_bias") == list(range(30))
    assert finding.text.startswith("the longer side is chosen in 96.8% of pairs (95 % interval 83.8% to 99.4%)")
    assert not report.flags.any()  # a fact about the whole set marks no row


def test_the_report_by_row_id_and_as_a_frame() -> None:
    report = lint(strings(("q", "a", "a"), ("q", "b", ""), row_id=[10, 20]))
    assert report["empty"].row_ids.tolist() == [20]
    bits = {check.id: 1 << at for at, check in enumerate(CHECKS)}
    assert report.flags.tolist() == [bits["identical"], bits["empty"]]
    frame = report.to_frame()
    assert frame.set_index("check")["count"].to_dict()["identical"] == 1
    assert "Identical sides" in repr(report)
    with pytest.raises(KeyError, match="there are identical"):
        report["nothing"]
    with pytest.raises(KeyError, match="held-out"):
        report["leakage"]


def test_stopping_and_progress() -> None:
    seen: list[tuple[int, int]] = []
    lint(strings(("q", "a", "b")), progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (1000, 1000)

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        lint(strings(("q", "a", "b")), progress=stop)


def test_no_rows() -> None:
    report = lint([])
    assert all(isinstance(f, Finding) and f.count == 0 for f in report)
    assert len(PairTable.of([])) == 0
