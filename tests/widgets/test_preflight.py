"""The preflight panel's kernel side: measuring in the background, verdicts, rows."""

import numpy as np
import pytest

from ftwidgets.data.preflight.lengths import NEVER
from ftwidgets.widgets.preflight import NONE_LEARNT, Preflight
from tests.patience import PATIENCE

from ..data.tiny_tokenizer import tiny_tokenizer


def said(*contents):
    roles = ["user", "assistant"] * len(contents)
    return [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]


ROWS = [{"row_id": 10 + i, "messages": said("the question " * (i % 7 + 1), "it is 🙂")} for i in range(300)]


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture
def panel(tokenizer):
    opened = []

    def build(rows=ROWS, **keywords):
        panel = Preflight(rows, tokenizer, **keywords)
        opened.append(panel)
        panel.sent = []
        panel.send = lambda content, buffers=None: panel.sent.append((content, buffers or []))
        panel.wait(PATIENCE)
        return panel

    yield build
    for panel in opened:
        panel.close()


def test_a_sample_then_all_rows(panel):
    view = panel(sample=100)
    assert view.state == {"kind": "done", "done": 100, "total": 300, "text": ""}
    assert (view.facts["measured"], view.facts["rows"], view.facts["exact"]) == (100, 300, False)
    assert view.facts["learns"].startswith("every turn of the assistant")
    view._receive(view, {"type": "exact"}, [])
    view.wait(PATIENCE)
    assert view.facts["exact"] and view.facts["measured"] == 300
    buffers = [buffers for content, buffers in view.sent if content["type"] == "lengths"][-1]
    positions, prompt, total = (np.frombuffer(buffer, "<i4") for buffer in buffers)
    assert positions.tolist() == list(range(300))
    assert np.array_equal(total, view.survey.lengths.total) and np.array_equal(prompt, view.survey.lengths.prompt)


def test_the_verdict_follows_the_limit(panel):
    view = panel()
    assert view.verdict == ""
    view.max_length = 3
    assert "Nothing would be trained" in view.verdict
    view.max_length = 100
    assert view.verdict == ""


def test_a_row_is_sent_token_by_token(panel):
    view = panel()
    view._receive(view, {"type": "row", "position": 7}, [])
    row = view.sent[-1][0]
    (part,) = row["parts"]
    assert (row["position"], row["row_id"], part["name"]) == (7, 17, "row")
    assert "".join(part["texts"]) == "<s><|user|>the question <|end|>\n<|assistant|>it is 🙂<|end|>\n"
    learnt = [text for text, flag in zip(part["texts"], part["flags"], strict=True) if flag & 1]
    assert "".join(learnt) == "it is 🙂<|end|>"
    assert [f & 4 for f, text in zip(part["flags"], part["texts"], strict=True) if not text] == [4, 4, 4]
    view._receive(view, {"type": "row", "position": 10**9}, [])
    assert view.sent[-1][0]["position"] == 299


def test_a_row_that_cannot_be_rendered_says_why(tokenizer):
    strict = tiny_tokenizer("{{ raise_exception('roles must alternate') }}")
    view = Preflight(ROWS[:3], strict, train_on="all")
    view.wait(PATIENCE)
    assert view._row(0)["error"] == "The chat template cannot render the row: roles must alternate"
    assert "roles must alternate" in view.verdict and view.facts["refused"] == 3
    view.close()


def test_rows_in_which_nothing_is_learnt_fit_into_the_page_s_numbers(panel):
    rows = [{"prompt": "the sky", "completion": ""}]
    view = panel(rows, train_on="completion")
    assert view.survey.lengths.prompt.max() < NEVER  # an end of text is learnt at least
    view.survey.lengths.prompt[:] = NEVER
    view._send_lengths()
    assert np.frombuffer(view.sent[-1][1][1], "<i4").tolist() == [NONE_LEARNT]


def test_memory_is_told_for_many_limits(panel):
    view = panel(memory=lambda limit: 10.0 * limit)
    points = view.facts["memory"]
    assert points[0][0] == 16 and points[-1][0] >= 2 * view.survey.lengths.total.max()
    assert all(size == 10 * limit for limit, size in points)


def test_cancelling_keeps_what_was_measured(panel):
    view = panel()
    started = []

    def slow(example, encode=view._encoder.encode):
        if not started:
            started.append(True)
            view.cancel()
        return encode(example)

    view._encoder.encode = slow
    view.measure(None)
    view.wait(PATIENCE)
    assert view.state["kind"] == "cancelled"
    assert 0 < view.facts["measured"] < 300 and not view.facts["exact"]


def test_a_failure_is_shown_and_the_panel_lives(panel):
    view = panel()
    view._encoder.encode = lambda example: 1 / 0
    view.measure(5)
    view.wait(PATIENCE)
    assert view.state["kind"] == "failed" and "division" in view.state["text"]


def test_from_a_config(tokenizer):
    from ftwidgets.config import RunConfig

    config = RunConfig(method="sft", model="demo", dataset="demo", max_length=77)
    view = Preflight.from_config(config, ROWS[:5], tokenizer)
    view.wait(PATIENCE)
    assert view.max_length == 77 and view.facts["method"] == "sft"
    view.close()
