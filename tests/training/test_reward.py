"""The reward-model method: what it reads, what it learns, what it leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from datasets import Dataset
from safetensors.torch import load_file

from ftwidgets.errors import FtwidgetsError
from ftwidgets.training.finite import NonFiniteError
from ftwidgets.training.reward import build_trainer, encode_pairs
from tests.training.ppo import tiny

EOS, BOS, TURN, END = 1, 2, 3, 4


def ids(text: str) -> list[int]:
    return tiny.tokenizer()(text, add_special_tokens=False)["input_ids"]


def test_rows_end_where_an_answer_ends() -> None:
    """The template's tail after the end of turn is cut: PPO's answers have none."""
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = tokenizer.chat_template.replace("'<end>'", "'<end> '")
    user = [{"role": "user", "content": "q"}]
    pair = {"prompt": user, "chosen": [{"role": "assistant", "content": "ab"}]}
    pair["rejected"] = [{"role": "assistant", "content": "c"}]
    row = encode_pairs(Dataset.from_list([pair]), tokenizer, [EOS, END])[0]
    start = [BOS, TURN, *ids("q"), END, *ids(" "), TURN]
    assert row == {"row_id": 0, "chosen_ids": [*start, *ids("ab"), END], "rejected_ids": [*start, *ids("c"), END]}


def test_text_pairs_get_an_end() -> None:
    rows = Dataset.from_list([{"row_id": 7, "prompt": "q", "chosen": "ab", "rejected": "c<eos>"}])
    row = encode_pairs(rows, tiny.tokenizer(), [EOS, END])[0]
    assert row == {"row_id": 7, "chosen_ids": [*ids("qab"), EOS], "rejected_ids": [*ids("qc"), EOS]}


def test_learns_and_says_how_well(tmp_path: Path) -> None:
    job = tiny.reward_job(tmp_path)
    trainer = build_trainer(job)
    before = trainer.evaluate()
    trainer.train()
    after = trainer.evaluate()
    assert after["eval_accuracy"] == 1 > before["eval_accuracy"]
    assert after["eval_margin"] > before["eval_margin"]
    logged = trainer.state.log_history[0]
    assert logged.keys() >= {"loss", "accuracy", "margin", "mean_reward", "min_reward", "max_reward"}


def test_examples_are_told_with_their_rows(tmp_path: Path) -> None:
    job = tiny.reward_job(tmp_path, max_steps=2)
    trainer = build_trainer(job)
    trainer.evaluate()
    trainer.train()
    tables = job.context.of("examples")
    assert [(t["split"], t["step"]) for t in tables] == [("eval", 0), ("train", 1), ("train", 2), ("eval", 2)]
    assert tables[0]["id"] == list(range(116, 124))
    assert sorted(tables[1]["id"] + tables[2]["id"]) == list(range(100, 116))
    for table in tables:
        margins = [c - r for c, r in zip(table["chosen_reward"], table["rejected_reward"], strict=True)]
        assert table["margin"] == pytest.approx(margins, abs=1e-5)
    assert sum(tables[1]["loss"]) / 8 == pytest.approx(trainer.state.log_history[0]["loss"], abs=0.02)


def test_the_head_is_in_the_adapter_as_safetensors(tmp_path: Path) -> None:
    trainer = build_trainer(tiny.reward_job(tmp_path, max_steps=1))
    trainer.train()
    trainer.model.save_pretrained(tmp_path / "adapter")
    weights = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert weights["base_model.model.score.weight"].shape == (1, 32)
    assert not list((tmp_path / "adapter").glob("*.bin"))


def test_pairs_that_are_the_same_or_too_long_are_left_out_and_counted(tmp_path: Path) -> None:
    job = tiny.reward_job(tmp_path, max_length=20)
    rows = job.train.to_list()
    rows[0]["rejected"] = rows[0]["chosen"]
    job.train = Dataset.from_list(rows)
    trainer = build_trainer(job)
    long = sum(len(tiny.PROMPTS[i % 8]) > 10 for i in range(16))
    assert len(trainer.train_dataset) == 15 - long
    notes = [note["text"] for note in job.context.of("note")]
    assert notes == [
        "1 of 16 pairs are left out: chosen and rejected are the same.",
        f"{long} of 16 pairs are left out: longer than max_length=20.",
    ]


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    job = tiny.reward_job(tmp_path, max_length=16)
    job.train = job.train.select([3, 11])
    with pytest.raises(FtwidgetsError, match="No pair fits max_length=16: the shortest needs 22 tokens"):
        build_trainer(job)
    job.train = Dataset.from_list([row | {"rejected": row["chosen"]} for row in job.train.to_list()])
    with pytest.raises(FtwidgetsError, match="In every pair"):
        build_trainer(job)


def test_a_single_pair(tmp_path: Path) -> None:
    job = tiny.reward_job(tmp_path, max_steps=2)
    job.train, job.held_out = job.train.select([0]), None
    trainer = build_trainer(job)
    trainer.train()
    assert trainer.state.global_step == 2


def test_a_step_that_is_no_number_is_not_taken_and_its_row_named(tmp_path: Path) -> None:
    job = tiny.reward_job(tmp_path, gradient_accumulation_steps=2)
    rows = job.train.to_list()
    rows[5]["chosen"] = [{"role": "assistant", "content": "z"}]
    job.train = Dataset.from_list(rows)
    trainer = build_trainer(job)
    trainer.model.get_input_embeddings().weight.data[ids("z")] = torch.nan
    before = [p.detach().clone() for p in trainer.model.parameters() if p.requires_grad]
    with pytest.raises(NonFiniteError, match=r"The gradient became nan at step 1, in row 105\."):
        trainer.train()
    after = [p for p in trainer.model.parameters() if p.requires_grad]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_evaluating_does_not_spoil_a_4_bit_base(tmp_path: Path) -> None:
    """In eval mode bitsandbytes would repack the weights on some CPUs, and the product has no gradient then."""
    four_bit = {"load_in_4bit": True, "bnb_4bit_compute_dtype": "bfloat16", "model": tiny.model_folder("llama", 64)}
    trainer = build_trainer(tiny.reward_job(tmp_path, max_steps=1, **four_bit))
    batch = next(iter(trainer.get_train_dataloader()))

    def gradient() -> torch.Tensor:
        trainer.model.zero_grad()
        trainer.model.train()
        trainer.compute_loss(trainer.model, batch).backward()
        return torch.cat([p.grad.flatten() for p in trainer.model.parameters() if p.requires_grad])

    before = gradient()
    trainer.evaluate()
    assert torch.equal(gradient(), before)
