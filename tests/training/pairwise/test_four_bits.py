"""The built-in model in NF4 and bfloat16, as runs train it."""

import torch
from datasets import Dataset
from transformers import set_seed

from ftwidgets.config import RunConfig
from ftwidgets.training.loading import add_adapter, load_base, load_tokenizer
from ftwidgets.training.pairwise.build import build_trainer
from tests.training.pairwise import tiny

QUESTION = "Where does the baker live, and what does he sell on market days when the weather is good?"


def make(folder, sharing):
    config = RunConfig(method="dpo", model="demo", dataset="demo", lora_dropout=0.0)
    rows = [
        {
            "row_id": i,
            "prompt": QUESTION[3 * i :],
            "chosen": f" He sells {i} loaves." * (1 + i),
            "rejected": " No idea.",
        }
        for i in range(4)
    ]
    made = tiny.job(
        folder,
        rows=Dataset.from_list(rows),
        held_out=Dataset.from_list(rows),
        model=add_adapter(load_base(config), config),
        max_length=256,
        prefix_sharing=sharing,
        per_device_eval_batch_size=4,
    )
    made.tokenizer = load_tokenizer(config)
    trainer = build_trainer(made)
    set_seed(0)
    for name, weight in trainer.model.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(std=0.02)
    return trainer


def loss_and_gradient(trainer, rows, sharing):
    trainer.data_collator.sharing = sharing
    trainer.model.train()
    trainer.model.zero_grad()
    batch = trainer.data_collator([trainer.train_dataset[i] for i in rows])
    assert ("shared_row" in batch) == sharing
    loss = trainer.compute_loss(trainer.model, trainer._prepare_inputs(batch))
    loss.backward()
    gradient = torch.cat([p.grad.float().flatten() for p in trainer.model.parameters() if p.grad is not None])
    return loss.item(), gradient


def apart(a, b):
    return abs(a[0] - b[0]), ((a[1] - b[1]).norm() / b[1].norm()).item()


def test_a_shared_row_differs_by_no_more_than_a_reordered_batch(tmp_path):
    trainer = make(tmp_path, "auto")
    assert trainer.prefix_sharing.used, trainer.prefix_sharing.reason
    rows = [0, 1, 2, 3]
    plain = loss_and_gradient(trainer, rows, False)
    one_by_one = [loss_and_gradient(trainer, [i], False) for i in rows]
    reordered = sum(x[0] for x in one_by_one) / 4, sum(x[1] for x in one_by_one) / 4
    noise = apart(reordered, plain)
    shared = apart(loss_and_gradient(trainer, rows, True), plain)
    assert shared[0] <= 3 * noise[0] + 1e-3
    assert shared[1] <= 3 * noise[1] + 1e-3


def test_an_evaluation_leaves_training_as_it_was(tmp_path):
    trainer = make(tmp_path, "off")  # nothing has run in eval mode yet
    before = loss_and_gradient(trainer, [0, 1], False)
    trainer.evaluate()
    after = loss_and_gradient(trainer, [0, 1], False)
    assert before[0] == after[0]
    assert torch.equal(before[1], after[1])
