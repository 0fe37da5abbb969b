import pytest

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.ppo.prompts import encode_prompts, fitting, readable
from tests.training.ppo import tiny

CHAT = [{"role": "user", "content": "ab"}, {"role": "assistant", "content": "c"}, {"role": "user", "content": "d"}]


def test_text_stands_as_it_is_and_messages_go_through_the_template() -> None:
    tokenizer = tiny.tokenizer()
    text, chat = encode_prompts(tiny.rows(["ab"]), tokenizer)[0], encode_prompts(tiny.rows([CHAT]), tokenizer)[0]
    a, b, c, d = (tokenizer(letter)["input_ids"][0] for letter in "abcd")
    bos, turn, end = 2, 3, 4
    assert text.ids == [a, b]
    assert chat.ids == [bos, turn, a, b, end, turn, c, end, turn, d, end, turn]


def test_an_end_that_the_tokenizer_adds_is_taken_off() -> None:
    tokenizer = tiny.tokenizer()
    assert encode_prompts(tiny.rows(["ab<eos>"]), tokenizer)[0].ids == tokenizer("ab")["input_ids"]


def test_readable() -> None:
    assert readable("hello") == "hello"
    assert readable(CHAT[:1]) == "ab"
    assert readable(CHAT) == "user: ab\nassistant: c\nuser: d"


def test_long_and_empty_prompts_are_left_out_and_counted() -> None:
    notes: list[str] = []
    prompts = encode_prompts(tiny.rows(["abc", "", "abcdefgh"]), tiny.tokenizer())
    assert [p.row_id for p in fitting(prompts, 5, notes.append)] == [0]
    assert notes[0].startswith("2 of 3 prompts are left out")


def test_no_prompt_fits() -> None:
    prompts = encode_prompts(tiny.rows(["abc", "abcd"]), tiny.tokenizer())
    with pytest.raises(FtwidgetsError, match=r"shortest has 3 tokens, and 2 are left"):
        fitting(prompts, 2, lambda text: None)


def test_data_without_prompts() -> None:
    with pytest.raises(FtwidgetsError, match="only row_id, text"):
        encode_prompts(tiny.rows(["a"]).rename_column("prompt", "text"), tiny.tokenizer())
