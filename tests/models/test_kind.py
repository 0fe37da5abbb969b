"""Base or instruct, for the ways in which well-known families write it down."""

import pytest

from ftwidgets.models.kind import base_or_instruct
from ftwidgets.models.tokenizer_files import TokenizerFiles

TEMPLATE = "{{ messages }}"
QWEN = {"<|endoftext|>": 151643, "<|im_start|>": 151644, "<|im_end|>": 151645}
GEMMA = {"<eos>": 1, "<end_of_turn>": 106}
LLAMA = {"<|end_of_text|>": 128001, "<|eot_id|>": 128009}


def judge(name, *, tokens, stop, template=None, eos="", card=None, **generation):
    tokenizer = TokenizerFiles("tokenizer.json", 10, template, eos, tokens)
    return base_or_instruct([name], {}, generation | {"eos_token_id": stop}, tokenizer, card or {})


@pytest.mark.parametrize(
    ("name", "expected", "facts"),
    [
        # Qwen2.5 ships its chat template with the base model as well; what it stops at tells them apart.
        ("Qwen/Qwen2.5-7B", "perhaps base", {"tokens": QWEN, "stop": 151643, "template": TEMPLATE}),
        ("Qwen/Qwen2.5-7B-Instruct", "instruct", {"tokens": QWEN, "stop": [151645, 151643], "template": TEMPLATE}),
        ("Qwen/Qwen3-4B", "instruct", {"tokens": QWEN, "stop": [151645], "template": TEMPLATE, "do_sample": True}),
        ("Qwen/Qwen3-4B-Base", "base", {"tokens": QWEN, "stop": 151643, "template": TEMPLATE}),
        ("google/gemma-3-270m", "base", {"tokens": GEMMA, "stop": 1}),
        ("google/gemma-3-270m-it", "instruct", {"tokens": GEMMA, "stop": [1, 106], "template": TEMPLATE}),
        ("meta-llama/Llama-3.1-8B", "probably base", {"tokens": LLAMA, "stop": 128001, "do_sample": True}),
        ("mistralai/Mistral-7B-v0.1", "probably base", {"tokens": {"</s>": 2}, "stop": 2}),
        ("microsoft/phi-4", "probably instruct", {"tokens": {"<|im_end|>": 9}, "stop": 9, "template": TEMPLATE}),
    ],
)
def test_well_known_models(name, expected, facts):
    found = judge(name, **facts)
    assert str(found) == expected, found.evidence


def test_evidence_is_heaviest_first_and_says_which_way():
    found = judge("Qwen/Qwen2.5-7B", tokens=QWEN, stop=151643, template=TEMPLATE)
    assert [e.speaks_for for e in found.evidence] == ["base", "instruct"]
    assert "<|endoftext|>, the end of a document" in found.evidence[0].text


def test_a_name_within_a_word_is_no_evidence():
    found = judge("me/digital-database-chatter", tokens={}, stop=2, template=TEMPLATE)
    assert [e.text for e in found.evidence] == ["has a chat template (some base models have one too)"]


def test_the_model_card_counts():
    with_base = judge("me/mine", tokens={}, stop=2, template=TEMPLATE, card={"base_model": "org/b", "tags": ["chat"]})
    assert with_base.name == "instruct" and "org/b" in with_base.evidence[1].text


def test_nothing_to_go_by():
    assert base_or_instruct(["m"], {}, {}, TokenizerFiles(None, None, None, None, {}), {}).name == "unknown"
