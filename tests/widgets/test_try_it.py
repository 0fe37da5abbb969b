"""Asking the base and the trained model side by side."""

import re
from concurrent.futures import Future

import pytest

import ftwidgets
from ftwidgets.widgets.transcript import Transcript
from ftwidgets.widgets.try_it import CHAT, COMPLETE, TryIt
from tests.patience import PATIENCE


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = ftwidgets.train(
        method="sft", model="demo", dataset="demo", max_steps=1, output_dir=str(tmp_path_factory.mktemp("runs"))
    )
    assert run.wait(PATIENCE) == "finished", run.error
    yield run
    run.free()


def words(side):
    return re.sub(r"<[^>]+>", " ", side.children[1].value)


def trying(run):
    """A panel, and what it sent to the model."""
    sent = []

    def ask(run, prompt, **options):
        sent.append((prompt, options))
        future = ftwidgets.ask(run, prompt, **options)
        future.exception(PATIENCE)
        return future

    panel = TryIt(ask)
    panel.show(run)
    return panel, sent


def test_each_side_keeps_its_own_conversation(run):
    panel, sent = trying(run)
    panel.prompt.value = "What is 7 plus 5?"
    panel.ask()
    assert [len(prompt) for prompt, _ in sent] == [1, 1]
    assert {options["adapter"] for _, options in sent} == {True, False}
    panel.prompt.value = "What is the capital of Italy?"
    panel.ask()
    for name, (prompt, _) in zip(panel.sides, sent[2:], strict=True):
        side = panel.sides[name]
        assert [turn["role"] for turn in prompt] == ["user", "assistant", "user"]
        assert prompt == side.messages[:3]
        assert "12" in prompt[1]["content"], "the model knows the sum, and its own answer went back to it"
        assert "capital of Italy" in words(side)
    panel.new.click()
    assert [side.messages for side in panel.sides.values()] == [[], []]
    assert panel.new.disabled


def test_text_to_go_on_with_is_read_as_it_stands(run):
    panel, sent = trying(run)
    assert panel.kind.value == CHAT
    panel.kind.value = COMPLETE
    panel.prompt.value = "The harbour of the town"
    panel.ask()
    assert [(prompt, options["chat"]) for prompt, options in sent] == [("The harbour of the town", False)] * 2
    assert panel.new.layout.display == "none"
    text = ftwidgets.ask(run, "The harbour of the town", chat=False, max_new_tokens=64).result(PATIENCE)
    message = ftwidgets.ask(run, "The harbour of the town", chat=True, max_new_tokens=64).result(PATIENCE)
    assert " ".join(text.split()) in " ".join(words(panel.sides["trained"]).split())
    assert text != message


def test_a_prompt_that_is_too_long_says_so_and_keeps_what_was_said(run):
    panel, _ = trying(run)
    panel.prompt.value = "What is 7 plus 5?"
    panel.ask()
    said = list(panel.sides["base"].messages)
    panel.prompt.value = "word " * 3000
    panel.ask()
    assert "Shorten it" in words(panel.sides["base"]) and "new conversation" in words(panel.sides["base"])
    assert panel.sides["base"].messages == said
    assert not panel.button.disabled


def test_nothing_can_be_asked_while_both_sides_answer(run):
    waiting = []
    panel = TryIt(lambda *_, **__: waiting.append(Future()) or waiting[-1])
    assert panel.button.disabled, "there is no run yet"
    panel.kind.value = COMPLETE
    assert panel.button.disabled, "and choosing how to ask does not make one"
    panel.show(run)
    panel.prompt.value = "Hello"
    panel.ask()
    panel.ask()
    assert len(waiting) == 2 and panel.kind.disabled and panel.new.disabled
    assert panel.button.description == "Stop both" and not panel.button.disabled
    panel.button.click()
    assert len(waiting) == 2 and panel.button.disabled
    for future in waiting:
        future.set_result("Hi")
    assert panel.button.description == "Ask both" and not panel.button.disabled


def test_answers_are_ended_where_they_are(run):
    question = "Tell me a story about an owl."
    pieces, asked, panel = [], [], None
    whole = ftwidgets.ask(run, question, max_new_tokens=64, on_text=pieces.append).result(PATIENCE)

    def ask(run, prompt, **options):
        heard = options.pop("on_text")

        def listen(piece):  # the person presses Stop at the second piece
            asked.append(piece)
            if len(asked) == 2:
                panel.button.click()
            return heard(piece)

        future = ftwidgets.ask(run, prompt, on_text=listen, **options)
        future.exception(PATIENCE)
        return future

    panel = TryIt(ask)
    panel.show(run)
    panel.prompt.value = question
    panel.ask()
    said = [side.messages[-1]["content"] for side in panel.sides.values()]
    assert said[0].startswith("".join(asked[:2]).strip()) and 0 < len(said[1]) < len(said[0]) < len(whole)
    assert len(asked) < len(pieces)  # of both sides together: a token or two come after the word
    assert not panel.button.disabled
    assert ftwidgets.ask(run, question, max_new_tokens=64).result(PATIENCE) == whole  # nothing of it stays


def test_what_a_model_writes_is_never_markup():
    side = Transcript("base model")
    side.ask("<img src=x onerror=alert(1)>", chat=True)
    side.write("<b>")
    assert "<img" not in side.children[1].value and "&lt;b&gt;" in side.children[1].value
    side.finish("<script>alert(1)</script>")
    other = Transcript("trained model")
    other.ask("q", chat=True)
    other.finish("<script>alert(2)</script>")
    other.mark_against(side)
    assert "<script" not in side.children[1].value + other.children[1].value
