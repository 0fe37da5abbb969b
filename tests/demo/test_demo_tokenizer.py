"""The demo's tokenizer and chat template."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from ftwidgets import demo

TOKENIZER = AutoTokenizer.from_pretrained(demo.model_folder())
contents = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(deadline=None, max_examples=200)
@given(contents)
@example("什么是爱？我不知道。")
@example("👩‍👩‍👧 😀 naïve  two  spaces\n\ttab ")
@example(" ,leading . and ' s")
def test_any_text_comes_back_unchanged(text):
    ids = TOKENIZER(text, add_special_tokens=False)["input_ids"]
    assert TOKENIZER.decode(ids) == text


def test_special_tokens_are_single_and_distinct():
    assert len({TOKENIZER.pad_token_id, TOKENIZER.bos_token_id, TOKENIZER.eos_token_id}) == 3
    for token in ("<|system|>", "<|user|>", "<|assistant|>", TOKENIZER.eos_token):
        assert len(TOKENIZER(token, add_special_tokens=False)["input_ids"]) == 1
    assert TOKENIZER("Hello")["input_ids"][0] == TOKENIZER.bos_token_id


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(contents, contents), min_size=1, max_size=3),
    st.one_of(st.none(), contents),
)
def test_the_prompt_is_a_prefix_of_the_whole_chat(turns, system):
    messages = [{"role": "system", "content": system}] if system is not None else []
    for question, answer in turns:
        messages.append({"role": "user", "content": question})
        prompt = TOKENIZER.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
        messages.append({"role": "assistant", "content": answer})
        whole = TOKENIZER.apply_chat_template(messages)["input_ids"]
        assert whole[: len(prompt)] == prompt
        assert whole[-1] == TOKENIZER.eos_token_id


@pytest.mark.parametrize("turns", [1, 2])
def test_the_generation_marks_cover_the_answers_and_their_end(turns):
    messages = [
        {"role": "user", "content": "What is 2 plus 2?"},
        {"role": "assistant", "content": "4. Is that all?"},
    ] * turns
    encoded = TOKENIZER.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    marked = [token for token, mark in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if mark]
    assert TOKENIZER.decode(marked) == f"4. Is that all?{TOKENIZER.eos_token}" * turns
