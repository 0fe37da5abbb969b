"""Preflight's tokens and masks are those of the real trainers' datasets and collators."""

from copy import deepcopy

import numpy as np
import pytest
from datasets import Dataset

from ftwidgets.data.preflight import Encoder, Lengths

from .tiny_tokenizer import MARKED, SHIFTY, UNMARKED, tiny_tokenizer

trl = pytest.importorskip("trl")


def said(*contents):
    roles = ["user", "assistant"] * len(contents)
    return [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]


CHATS = [
    {"messages": said("the question", "the answer")},
    {
        "messages": [
            {"role": "system", "content": "be 好 🙂"},
            *said("why is the sky blue?", "it is", "and?", "because"),
        ]
    },
    {"messages": said("the question and the answer of the sky " * 6, "blue")},
]
STRINGS = [{"prompt": "the sky is", "completion": " blue"}, {"prompt": "the question " * 12, "completion": "x</s>"}]
PAIRS = [
    {"prompt": said("the question"), "chosen": said("", "the good answer")[1:], "rejected": said("", "bad")[1:]},
    {"prompt": said("q", "a", "and the sky?"), "chosen": said("", "blue")[1:], "rejected": said("", "blue 🙂 好")[1:]},
    {"prompt": said("the sky " * 12), "chosen": said("", "it is")[1:], "rejected": said("", "it is not" * 4)[1:]},
]
PAIR_STRINGS = [
    {"prompt": "the sky is", "chosen": " blue", "rejected": " the answer"},
    {"prompt": "is", "chosen": "the", "rejected": "he"},
]
TEXTS = [{"text": "the sky is blue " * 5}, {"text": "好</s>"}]


@pytest.fixture(scope="module")
def model():
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=400, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, eos_token_id=1
    )
    return LlamaForCausalLM(config)


def trained_by(trainer):
    """``(ids, trained)`` of each sequence that a trainer's collator makes of its rows one by one."""
    found = []
    for row in trainer.train_dataset:
        batch = trainer.data_collator([row])
        for i in range(len(batch["input_ids"])):
            length = int(batch["attention_mask"][i].sum())
            ids = batch["input_ids"][i][:length].tolist()
            mask = batch["labels"][i] != -100 if "labels" in batch else batch["completion_mask"][i] == 1
            found.append((ids, mask[:length].tolist()))
    return found


def trained_by_preflight(rows, encoder, max_length):
    encoded = [encoder.encode(row) for row in rows]
    lengths = Lengths.of(encoder.method, encoded)
    gone = lengths.dropped(max_length)
    found = [
        (part.ids[:max_length].tolist(), part.trained[:max_length].tolist())
        for row, left_out in zip(encoded, gone, strict=True)
        if not left_out
        for part in row.parts
    ]
    effect = lengths.effect(max_length)
    assert effect.tokens == sum(len(ids) for ids, _ in found)
    assert effect.dropped == gone.sum()
    return found


def columns(rows):
    return Dataset.from_list(rows)


def last_answer(rows):
    return [{"prompt": row["messages"][:-1], "completion": row["messages"][-1:]} for row in rows]


@pytest.mark.parametrize("max_length", [1000, 40, 12])
@pytest.mark.parametrize(
    ("rows", "given", "train_on", "template", "options"),
    [
        (CHATS, CHATS, "auto", MARKED, {"assistant_only_loss": True}),
        (CHATS, CHATS, "all", MARKED, {}),
        (CHATS, last_answer(CHATS), "auto", UNMARKED, {"completion_only_loss": True}),
        (CHATS, last_answer(CHATS), "completion", MARKED, {"completion_only_loss": True}),
        (CHATS, last_answer(CHATS), "completion", SHIFTY, {"completion_only_loss": True}),
        (STRINGS, STRINGS, "auto", MARKED, {"completion_only_loss": True}),
        (STRINGS, STRINGS, "all", MARKED, {"completion_only_loss": False}),
    ],
)
def test_sft(model, tmp_path, rows, given, train_on, template, options, max_length):
    tokenizer = tiny_tokenizer(template)
    args = trl.SFTConfig(
        output_dir=str(tmp_path), max_length=max_length, report_to=[], use_cpu=True, bf16=False, **options
    )
    trainer = trl.SFTTrainer(model, args, train_dataset=columns(given), processing_class=tokenizer)
    assert trained_by_preflight(rows, Encoder(tokenizer, "sft", train_on), max_length) == trained_by(trainer)


KNOWN = ["gemma", "gemma3", "qwen2_5", "qwen3"]  # templates without marks, of which TRL has marked versions


@pytest.mark.parametrize("max_length", [1000, 40])
@pytest.mark.parametrize("name", KNOWN)
def test_sft_with_the_marked_version_of_a_models_template(model, tmp_path, name, max_length):
    from trl import chat_template_utils

    from ftwidgets.training.preflight import marked_template

    tokenizer = tiny_tokenizer(getattr(chat_template_utils, f"{name}_chat_template"))
    rows = [{"messages": [m for m in row["messages"] if m["role"] != "system"]} for row in CHATS]
    encoder = Encoder(tokenizer, "sft", "auto", marked_template(tokenizer))
    assert "marks" in encoder.learns
    args = trl.SFTConfig(
        output_dir=str(tmp_path), max_length=max_length, report_to=[], use_cpu=True, bf16=False,
        assistant_only_loss=True,
    )  # fmt: skip
    trainer = trl.SFTTrainer(model, args, train_dataset=columns(rows), processing_class=tokenizer)
    ours = trained_by_preflight(rows, encoder, max_length)
    assert ours == trained_by(trainer)
    assert max_length < 1000 or any(any(mask) for _, mask in ours)


def test_a_template_that_nobody_marked(model):
    from ftwidgets.training.preflight import marked_template

    assert marked_template(tiny_tokenizer(UNMARKED)) is None
    assert marked_template(tiny_tokenizer(MARKED)) is None


def test_pretraining(model, tmp_path):
    tokenizer = tiny_tokenizer()
    args = trl.SFTConfig(output_dir=str(tmp_path), max_length=20, report_to=[], use_cpu=True, bf16=False)
    trainer = trl.SFTTrainer(model, args, train_dataset=columns(TEXTS), processing_class=tokenizer)
    assert trained_by_preflight(TEXTS, Encoder(tokenizer, "pretrain"), 20) == trained_by(trainer)


@pytest.mark.parametrize("max_length", [1000, 40, 14])
@pytest.mark.parametrize(("rows", "template"), [(PAIRS, MARKED), (PAIRS, SHIFTY), (PAIR_STRINGS, MARKED)])
def test_dpo(model, tmp_path, rows, template, max_length):
    tokenizer = tiny_tokenizer(template)
    args = trl.DPOConfig(output_dir=str(tmp_path), max_length=max_length, report_to=[], use_cpu=True, bf16=False)
    trainer = trl.DPOTrainer(model, deepcopy(model), args, train_dataset=columns(rows), processing_class=tokenizer)
    assert trained_by_preflight(rows, Encoder(tokenizer, "dpo"), max_length) == trained_by(trainer)


@pytest.mark.parametrize("rows", [PAIRS, PAIR_STRINGS])
def test_reward(rows):
    from ftwidgets.training.reward import encode_pairs

    tokenizer = tiny_tokenizer()
    encoder = Encoder(tokenizer, "reward")
    theirs = encode_pairs(columns(rows), tokenizer, encoder._stops)
    for row, expected in zip(rows, theirs, strict=True):
        ours = encoder.encode(row).parts
        assert [part.ids.tolist() for part in ours] == [expected["chosen_ids"], expected["rejected_ids"]]
        assert all(part.trained.sum() == 1 and part.trained[-1] for part in ours)


def test_ppo():
    from ftwidgets.training.ppo.prompts import encode_prompt

    tokenizer = tiny_tokenizer()
    for prompt in (said("the question"), "the sky is", "the sky</s>"):
        (part,) = Encoder(tokenizer, "ppo").encode({"prompt": prompt}).parts
        assert part.ids.tolist() == encode_prompt(prompt, tokenizer)
        assert not part.trained.any()


@pytest.mark.real_model
def test_real_tokenizer_and_real_rows(shared_data, config, model, tmp_path):
    import os

    folder = os.environ.get("FTWIDGETS_REAL_MODEL")
    if not folder:
        pytest.skip("no real model: set FTWIDGETS_REAL_MODEL to its folder")
    from transformers import AutoTokenizer

    from ftwidgets.data.prepare import prepare

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = tokenizer.chat_template or UNMARKED
    rows = prepare(config(shared_data / "dpo_en_demo.json", "dpo", max_samples=60)).train
    args = trl.DPOConfig(output_dir=str(tmp_path), max_length=512, report_to=[], use_cpu=True, bf16=False)
    trainer = trl.DPOTrainer(model, deepcopy(model), args, train_dataset=rows, processing_class=tokenizer)
    ours = trained_by_preflight(rows, Encoder(tokenizer, "dpo"), 512)
    theirs = trained_by(trainer)
    assert len(ours) == len(theirs)
    for (our_ids, our_mask), (ids, mask) in zip(_pairwise(ours), _pairwise(theirs), strict=True):
        assert np.array_equal(our_ids, ids) and np.array_equal(our_mask, mask)


def _pairwise(found):
    return [(np.array(ids), np.array(mask)) for ids, mask in found]
