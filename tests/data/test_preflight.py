"""Token views, what a limit does, and surveys of many rows."""

import numpy as np
import pytest

from ftwidgets.data.preflight import Encoder, Lengths, survey, tokens_of
from ftwidgets.data.preflight.lengths import NEVER
from ftwidgets.data.preflight.token_view import token_texts
from ftwidgets.errors import FtwidgetsError

from .tiny_tokenizer import UNMARKED, tiny_tokenizer


def said(*contents):
    roles = ["user", "assistant"] * len(contents)
    return [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


def test_tokens_show_their_text_their_part_and_the_cut(tokenizer):
    (part,) = Encoder(tokenizer).encode({"messages": said("the sky", "is 🙂")}).parts
    tokens = tokens_of(part, tokenizer, max_length=len(part.ids) - 2)
    assert "".join(token.text for token in tokens) == "<s><|user|>the sky<|end|>\n<|assistant|>is 🙂<|end|>\n"
    assert [token.text for token in tokens if token.special] == [
        "<s>",
        "<|user|>",
        "<|end|>",
        "<|assistant|>",
        "<|end|>",
    ]
    assert "".join(token.text for token in tokens if token.trained) == "is 🙂"
    assert [token.text for token in tokens if token.cut] == ["<|end|>", "\n"]
    assert [token.id for token in tokens] == part.ids.tolist()


def test_a_character_of_several_tokens_stands_on_the_first(tokenizer):
    ids = tokenizer("🙂好", add_special_tokens=False)["input_ids"]
    assert token_texts(ids, tokenizer) == ["🙂", None, None, None, "好", None, None]
    assert "".join(text or "" for text in token_texts(ids[:2], tokenizer)) == "\ufffd"  # a sequence cut inside it


def test_leading_spaces_are_kept_by_tokenizers_that_mark_words():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"▁a": 0, "▁sky": 1, "<unk>": 2}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Metaspace()
    words.decoder = decoders.Metaspace()
    assert token_texts([1, 0, 1], PreTrainedTokenizerFast(tokenizer_object=words)) == [" sky", " a", " sky"]


def lengths(method, prompt, total, chosen=None, rejected=None):
    columns = [np.array(c, np.int64) if c is not None else None for c in (prompt, total, chosen, rejected)]
    prompt, total, chosen, rejected = columns
    summed = total if chosen is None else 2 * prompt + chosen + rejected
    return Lengths(method, prompt, total, summed, chosen, rejected)


def test_a_limit_on_answers():
    found = lengths("sft", [3, 10, 9, NEVER], [8, 12, 30, 5])
    effect = found.effect(10)
    # row 0 fits; row 1's prompt fills the limit; row 2 keeps one token of its answer; row 3 has nothing to learn
    assert (effect.rows, effect.cut, effect.dropped, effect.kept) == (4, 1, 2, 2)
    assert (effect.tokens, effect.tokens_before) == (8 + 10, 8 + 12 + 30 + 5)
    assert found.completion.tolist() == [5, 2, 21, 0]


def test_a_limit_on_pairs():
    found = lengths("dpo", [3, 10, 4, 4], [8, 14, 20, 9], [5, 4, 2, 0], [1, 3, 16, 5])
    effect = found.effect(10)
    # row 0 fits; row 1's prompt fills the limit; row 2's rejected side is cut; row 3's chosen answer is empty
    assert (effect.cut, effect.dropped) == (1, 2)
    assert effect.tokens == (8 + 4) + (6 + 10)


def test_limits_of_the_other_methods():
    assert lengths("reward", [3, 3], [9, 11], [6, 8], [2, 2]).effect(10).dropped == 1
    assert lengths("ppo", [0, 5, 6], [0, 5, 6]).effect(10, response_length=5).dropped == 2
    text = lengths("pretrain", [0, 0], [4, 30])
    assert (text.effect(10).cut, text.effect(10).dropped, text.effect(10).tokens) == (1, 0, 14)
    assert (text.effect(10, packing=True).cut, text.effect(10, packing=True).tokens) == (0, 34)


def test_the_limit_that_keeps_a_share_whole():
    found = lengths("sft", [1] * 4, [10, 20, 30, 40])
    assert [found.limit_for(share) for share in (0.25, 0.5, 0.95, 1.0)] == [10, 20, 40, 40]
    for share in (0.25, 0.5, 1.0):
        assert found.effect(found.limit_for(share)).cut == 4 - 4 * share


ROWS = [{"row_id": 100 + i, "messages": said("the question " * (i % 7), "it is")} for i in range(500)]


def test_a_sample_is_drawn_at_random_and_all_rows_on_request(tokenizer):
    encoder = Encoder(tokenizer)
    some = survey(ROWS, encoder, sample=100)
    assert len(some.lengths) == 100 and not some.exact
    assert len(set(some.positions.tolist())) == 100 and some.positions.max() > 250
    everything = survey(ROWS, encoder, sample=None, seconds=None)
    assert everything.exact and everything.positions.tolist() == list(range(500))
    at = some.positions
    assert np.array_equal(some.lengths.total, everything.lengths.total[at])


def test_a_survey_tells_progress_and_can_be_cancelled(tokenizer):
    seen = []
    found = survey(ROWS, Encoder(tokenizer), progress=lambda *done: seen.append(done), cancelled=lambda: len(seen) > 2)
    assert seen == [(0, 500), (50, 500), (100, 500), (100, 500)]
    assert len(found.lengths) == 100 and not found.exact


def test_a_survey_ends_in_bounded_time(tokenizer):
    found = survey(ROWS, Encoder(tokenizer), seconds=0.0)
    assert len(found.lengths) == 50


def test_a_prompt_that_changes_before_an_answer_is_told():
    shifty = UNMARKED.replace("{{ '<|assistant|>' }}", "{{ '<|assistant|><think>' }}")
    found = survey(ROWS[:10], Encoder(tiny_tokenizer(shifty)))
    assert found.prompt_changed == 10


def test_when_nothing_would_be_trained_it_says_why(tokenizer):
    rows = [{"messages": said("the question", "it is")}] * 3
    found = survey(rows, Encoder(tokenizer, train_on="completion"))
    prompt = int(found.lengths.prompt[0])
    assert found.verdict(prompt + 1) is None
    text = found.verdict(prompt)
    assert text.startswith("Nothing would be trained") and f"At least {prompt + 1} tokens" in text
    assert "every row" in text


def test_a_template_that_marks_nothing_stops_the_run():
    # generation marks around nothing, as stock templates of several families have it
    blind = UNMARKED + "{% generation %}{% endgeneration %}"
    found = survey([{"messages": said("q", "a")}], Encoder(tiny_tokenizer(blind)))
    assert "marks no token of the assistant" in found.verdict(100)


def test_a_template_that_refuses_a_row_stops_the_run():
    strict = UNMARKED + "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    rows = [*ROWS[:2], {"row_id": 7, "messages": [{"role": "system", "content": "s"}, *said("q", "a")]}]
    found = survey(rows, Encoder(tiny_tokenizer(strict)))
    assert found.refused == [(7, "The chat template cannot render the row: no system role")]
    assert "row 7" in found.verdict(100) and "no system role" in found.verdict(100)


def test_asking_for_assistant_turns_without_marks_is_refused():
    encoder = Encoder(tiny_tokenizer(UNMARKED), train_on="assistant")
    with pytest.raises(FtwidgetsError, match="does not mark"):
        encoder.encode({"messages": said("q", "a")})


@pytest.mark.parametrize(
    ("method", "row", "limit", "message"),
    [
        (
            "dpo",
            {"prompt": said("q"), "chosen": said("", "a")[1:], "rejected": said("", "b")[1:]},
            3,
            "prompt alone fills",
        ),
        (
            "reward",
            {"prompt": "q", "chosen": "aaa", "rejected": "b"},
            3,
            "longer than max_length=3. The shortest needs",
        ),
        ("ppo", {"prompt": "the sky"}, 20, "longer than the 1 tokens"),
        ("sft", {"prompt": "the sky", "completion": ""}, 2, "prompt alone fills"),
    ],
)
def test_verdicts_name_the_limit(tokenizer, method, row, limit, message):
    found = survey([row], Encoder(tokenizer, method))
    assert message in found.verdict(limit, response_length=19)
    assert found.verdict(100, response_length=19) is None


def test_no_rows(tokenizer):
    assert survey([], Encoder(tokenizer)).verdict(10) == "There are no rows."
