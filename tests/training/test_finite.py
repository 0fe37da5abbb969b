"""A step that is not a number is not taken, with SFT and continued pre-training too."""

from pathlib import Path

import pytest
import torch
from datasets import Dataset

from ftwidgets.config import RunConfig
from ftwidgets.training.finite import NonFiniteError
from ftwidgets.training.job import Job
from ftwidgets.training.loading import add_adapter, load_base, load_tokenizer
from ftwidgets.training.sft import build_trainer
from tests.training.ppo import tiny


@pytest.mark.parametrize(
    ("method", "row"), [("sft", {"prompt": "say a", "completion": "z"}), ("pretrain", {"text": "say a z"})]
)
def test_a_step_that_is_no_number_is_not_taken(method: str, row: dict[str, str], tmp_path: Path) -> None:
    config = RunConfig(
        method=method, model=tiny.model_folder(), dataset="rows.jsonl", load_in_4bit=False, max_steps=4,
        bnb_4bit_compute_dtype="float32", per_device_train_batch_size=2, gradient_accumulation_steps=1,
        gradient_checkpointing=False, max_length=16, save_steps=0, optim="adamw_torch", logging_steps=1,
    )  # fmt: skip
    rows = Dataset.from_list([row] * 8)
    model, tokenizer = add_adapter(load_base(config), config), load_tokenizer(config)
    trainer = build_trainer(Job(config, tiny.Context(tmp_path), tmp_path, model, tokenizer, rows, None))
    broken = trainer.processing_class("z", add_special_tokens=False)["input_ids"]
    trainer.model.get_input_embeddings().weight.data[broken] = torch.nan
    before = [p.detach().clone() for p in trainer.model.parameters() if p.requires_grad]
    with pytest.raises(NonFiniteError, match=r"The gradient became nan at step 1\..*Lower learning_rate \(") as caught:
        trainer.train()
    assert caught.value.step == 1
    after = [p for p in trainer.model.parameters() if p.requires_grad]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
