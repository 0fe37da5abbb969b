"""Continued pre-training packs documents into full rows, and none of them sees another."""

import itertools
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from datasets import Dataset

from ftwidgets.config import RunConfig
from ftwidgets.training.job import Job
from ftwidgets.training.loading import add_adapter, load_base, load_tokenizer
from ftwidgets.training.sft import build_trainer
from tests.training.ppo import tiny

ROOM = 24
DOCUMENTS = [letter * n + "." for letter, n in zip("abcdefgh", (3, 9, 5, 2, 60, 11, 7, 4), strict=True)]


def packing_trainer(architecture: str, folder: Path):
    config = RunConfig(
        method="pretrain", model=tiny.model_folder(architecture), dataset="rows.jsonl", load_in_4bit=False,
        packing=True, bnb_4bit_compute_dtype="float32", per_device_train_batch_size=2, max_steps=2,
        gradient_accumulation_steps=1, gradient_checkpointing=False, max_length=ROOM, save_steps=0, lora_dropout=0.0,
    )  # fmt: skip
    model, tokenizer = add_adapter(load_base(config), config), load_tokenizer(config)
    rows = Dataset.from_dict({"text": DOCUMENTS})
    return build_trainer(Job(config, tiny.Context(folder), folder, model, tokenizer, rows, None))


def documents(batch: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """The pieces of a packed batch: each begins where positions begin anew."""
    ids, positions = batch["input_ids"].flatten(), batch["position_ids"].flatten()
    starts = [*(positions == 0).nonzero().flatten().tolist(), len(ids)]
    return [ids[a:b] for a, b in itertools.pairwise(starts)]


@pytest.mark.parametrize("architecture", ["llama", "gemma3"])
def test_the_loss_of_packed_documents_is_that_of_each_for_itself(architecture: str, tmp_path: Path) -> None:
    trainer = packing_trainer(architecture, tmp_path)
    seen = 0
    for batch in trainer.get_train_dataloader():
        pieces = documents(batch)
        assert len(pieces) > 1
        assert all(len(piece) <= ROOM for piece in pieces)
        with torch.no_grad():
            packed = trainer.compute_loss(trainer.model, dict(batch))
            alone = [
                F.cross_entropy(trainer.model(piece[None]).logits[0, :-1].float(), piece[1:], reduction="sum")
                for piece in pieces
            ]
        learnt = sum(len(piece) - 1 for piece in pieces)
        assert packed.item() == pytest.approx((sum(alone) / learnt).item(), rel=1e-5)
        seen += sum(map(len, pieces))
    assert seen == sum(len(document) + 1 for document in DOCUMENTS), "all tokens, each document's end too"
