"""The trainer as a whole: against TRL, against formulas, and through stops and starts."""

import math

import pytest
import torch
from datasets import Dataset
from trl import DPOConfig, DPOTrainer

from ftwidgets.training.pairwise.losses import DPO_LOSSES
from tests.training.pairwise import tiny


def perturb(model) -> None:
    """Move the adapter off its start, the same way each time, so that policy and reference differ."""
    random = torch.Generator().manual_seed(7)
    for name, weight in model.named_parameters():
        if ".default" in name:
            weight.data += 0.1 * torch.randn(weight.shape, generator=random)


def batch(trainer, rows=range(4)):
    return trainer._prepare_inputs(trainer.data_collator([trainer.train_dataset[i] for i in rows]))


def loss_and_gradients(trainer, inputs):
    trainer.model.train()
    trainer.model.zero_grad()
    loss = trainer.compute_loss(trainer.model, inputs)
    loss.backward()
    return loss.item(), {n: p.grad.clone() for n, p in trainer.model.named_parameters() if p.grad is not None}


def assert_same(ours, theirs) -> None:
    assert ours[0] == pytest.approx(theirs[0], rel=1e-5)
    assert ours[1].keys() == theirs[1].keys()
    for name, gradient in theirs[1].items():
        assert (ours[1][name] - gradient).norm() <= 1e-4 * gradient.norm() + 1e-8, name


def trl_trainer(folder, **options):
    args = DPOConfig(**tiny.arguments(folder), max_length=40, **options)
    return DPOTrainer(tiny.model(), args=args, train_dataset=tiny.pairs(), processing_class=tiny.tokenizer())


@pytest.mark.parametrize("sharing", ["on", "off"])
@pytest.mark.parametrize("loss_type", DPO_LOSSES)
def test_dpo_agrees_with_trl(tmp_path, loss_type, sharing):
    smoothing = 0.2 if loss_type == "robust" else 0.0
    options = {"loss_type": loss_type, "label_smoothing": smoothing, "beta": 0.3}
    ours = tiny.trainer(tmp_path, prefix_sharing=sharing, **options)
    theirs = trl_trainer(tmp_path, **options)
    perturb(ours.model)
    perturb(theirs.model)
    assert_same(loss_and_gradients(ours, batch(ours)), loss_and_gradients(theirs, batch(theirs)))

    expected: dict[str, float] = {}
    theirs.callback_handler.on_log = lambda args, state, control, logs: expected.update(logs)
    theirs.log({})
    found: dict[str, float] = {}
    ours.callback_handler.on_log = lambda args, state, control, logs: found.update(logs)
    ours.log({})
    assert found.keys() - expected.keys() == {"pairs/accuracy", "pairs/margin"}  # ours, beside TRL's
    assert expected.keys() <= found.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-4, abs=1e-5), name


@pytest.mark.parametrize("sharing", ["on", "off"])
def test_simpo_is_length_normalised_dpo_with_a_margin(tmp_path, sharing):
    """−log σ(β(mean꜀ − meanᵣ) − γ): TRL's sigmoid_norm with reference sums (γ/β)|y꜀| and 0."""
    beta, gamma = 2.5, 0.8
    ours = tiny.trainer(tmp_path, "simpo", prefix_sharing=sharing, beta=beta, simpo_gamma=gamma)
    theirs = trl_trainer(tmp_path, loss_type="sigmoid_norm", beta=beta)
    perturb(ours.model)
    perturb(theirs.model)
    inputs = batch(theirs)
    inputs["ref_chosen_logps"] = gamma / beta * inputs["completion_mask"][:4].sum(1)
    inputs["ref_rejected_logps"] = torch.zeros(4)
    theirs.precompute_ref_logps = True
    assert_same(loss_and_gradients(ours, batch(ours)), loss_and_gradients(theirs, inputs))


@pytest.mark.parametrize("sharing", ["on", "off"])
@pytest.mark.parametrize("over", ["completion", "all"])
def test_orpo_is_the_formula(tmp_path, over, sharing):
    trainer = tiny.trainer(tmp_path, "orpo", prefix_sharing=sharing, nll_over=over, beta=0.4)
    perturb(trainer.model)
    trainer.model.train()
    found = trainer.compute_loss(trainer.model, batch(trainer)).item()
    expected = []
    for row in trainer.train_dataset.select(range(4)):
        means, nll = [], []
        for side in ("chosen_ids", "rejected_ids"):
            ids = torch.tensor([row["prompt_ids"] + row[side]])
            log_p = trainer.base(input_ids=ids).logits.log_softmax(-1)[0, :-1]
            log_p = log_p.gather(1, ids[0, 1:, None]).flatten()
            answer = log_p[len(row["prompt_ids"]) - 1 :]
            means.append(answer.mean().item())
            nll.append(-(answer if over == "completion" else log_p).mean().item())
        odds = [math.exp(m) / (1 - math.exp(m)) for m in means]
        ratio = odds[0] / odds[1]
        expected.append(nll[0] - 0.4 * math.log(ratio / (1 + ratio)))
    assert found == pytest.approx(sum(expected) / 4, rel=1e-5)
    metrics = trainer._emit_examples("train")
    assert {"nll_loss", "log_odds_ratio", "log_odds_chosen"} <= metrics.keys()


@pytest.mark.parametrize(("method", "passes"), [("orpo", 1), ("simpo", 1), ("dpo", 2)])
def test_only_dpo_runs_a_reference_pass(tmp_path, method, passes):
    trainer = tiny.trainer(tmp_path, method)
    calls = []
    trainer.base.model.register_forward_hook(lambda *_: calls.append(1))
    trainer.compute_loss(trainer.model, batch(trainer))
    assert len(calls) == passes


@pytest.mark.parametrize("method", ["dpo", "orpo", "simpo"])
def test_gradient_accumulation_changes_nothing(tmp_path, method):
    """Four pairs in one pass, or one after the other: the same step."""
    weights = []
    for size, accumulate in ((4, 1), (1, 4)):
        trainer = tiny.trainer(
            tmp_path,
            method,
            rows=tiny.pairs().select(range(4)),
            per_device_train_batch_size=size,
            gradient_accumulation_steps=accumulate,
            max_steps=1,
            learning_rate=1.0,
            optim="sgd",
        )
        trainer.train()
        weights.append({n: p.detach().clone() for n, p in trainer.model.named_parameters() if p.requires_grad})
    for name, weight in weights[0].items():
        torch.testing.assert_close(weight, weights[1][name], rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("method", ["dpo", "orpo", "simpo"])
def test_pairs_can_be_traced(tmp_path, method):
    rows = tiny.pairs()
    trainer = tiny.trainer(
        tmp_path, method, held_out=rows.select(range(3)), logging_steps=2, eval_strategy="steps", eval_steps=4
    )
    trainer.train()
    events = trainer.context.of("examples")
    train = [event for event in events if event["split"] == "train"]
    assert [event["step"] for event in train] == [1, 2, 3, 4]
    assert sorted(i for event in train for i in event["id"]) == rows["row_id"]
    numbers = {"loss", "margin", "chosen_reward", "rejected_reward", "chosen_length", "rejected_length"}
    for event in events:
        assert event.keys() >= numbers
        assert {len(value) for value in event.values() if isinstance(value, list)} == {len(event["id"])}
        for i in range(len(event["id"])):
            assert event["margin"][i] == pytest.approx(
                event["chosen_reward"][i] - event["rejected_reward"][i], abs=1e-6
            )
            if method == "dpo":
                assert event["loss"][i] == pytest.approx(math.log1p(math.exp(-event["margin"][i])), rel=1e-5)
    lengths = {i: n for event in train for i, n in zip(event["id"], event["chosen_length"], strict=True)}
    assert lengths == {row["row_id"]: len(row["chosen_ids"]) for row in trainer.train_dataset}
    logged = [row["rewards/margins"] for row in trainer.state.log_history if "rewards/margins" in row]
    margins = [m for event in train for m in event["margin"]]
    assert logged == [pytest.approx(sum(margins[:4]) / 4), pytest.approx(sum(margins[4:]) / 4)]
    held_out = [event for event in events if event["split"] == "eval"]
    assert [(event["step"], event["id"]) for event in held_out] == [(4, [100, 101, 102])]
    evaluated = next(row for row in trainer.state.log_history if "eval_loss" in row)
    assert evaluated["eval_rewards/margins"] == pytest.approx(sum(held_out[0]["margin"]) / 3)


def test_eval_loss_is_the_mean_over_pairs(tmp_path):
    """Three pairs in batches of two: each pair weighs the same."""
    trainer = tiny.trainer(tmp_path, "simpo", held_out=tiny.pairs().select(range(3)))
    metrics = trainer.evaluate()
    losses = trainer.context.of("examples")[-1]["loss"]
    assert len(losses) == 3
    assert metrics["eval_loss"] == pytest.approx(sum(losses) / 3, rel=1e-5)


@pytest.mark.parametrize("sharing", ["on", "off"])
def test_resume_is_exact(tmp_path, sharing):
    options = {"prefix_sharing": sharing, "save_strategy": "steps", "save_steps": 3, "max_steps": 6}
    whole = tiny.trainer(tmp_path, rows=tiny.pairs(), **options)
    whole.train()
    resumed = tiny.trainer(tmp_path, rows=tiny.pairs(), **options)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoints" / "checkpoint-3"))
    seen = [event["id"] for event in whole.context.of("examples")]
    assert [event["id"] for event in resumed.context.of("examples")] == seen[3:]
    for (name, a), b in zip(whole.model.named_parameters(), resumed.model.parameters(), strict=True):
        assert torch.equal(a, b), name


def test_a_new_adapter_has_no_reference_copy(tmp_path):
    assert set(tiny.trainer(tmp_path).model.peft_config) == {"default"}


def test_a_trained_adapter_is_its_own_reference(tmp_path):
    trainer = tiny.trainer(tmp_path, model=tiny.model(trained=True))
    assert set(trainer.model.peft_config) == {"default", "ref"}
    trainer.compute_loss(trainer.model, batch(trainer))
    rewards = trainer._emit_examples("train")
    assert rewards["rewards/chosen"] == pytest.approx(0, abs=1e-6)
    trained = {name for name, p in trainer.model.named_parameters() if p.requires_grad}
    assert trained
    assert all(".default" in name for name in trained)
    free = tiny.trainer(tmp_path, "simpo", model=tiny.model(trained=True))
    assert set(free.model.peft_config) == {"default"}


def test_saved_checkpoints_hold_the_adapter_alone(tmp_path):
    trainer = tiny.trainer(tmp_path, save_strategy="steps", save_steps=4)
    trainer.train()
    names = {path.name for path in (tmp_path / "checkpoints" / "checkpoint-4").iterdir()}
    assert "adapter_model.safetensors" in names
    assert "ref" not in names


def test_conversations_are_rendered(tmp_path):
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = (
        "{% for m in messages %}{{ (m['role'][0] + ' ' if false else '') + m['content'] + ' <eos> ' }}{% endfor %}"
    )
    turns = Dataset.from_list(
        [
            {
                "row_id": i,
                "prompt": [{"role": "user", "content": row["prompt"]}],
                "chosen": [{"role": "assistant", "content": row["chosen"].strip()}],
                "rejected": [{"role": "assistant", "content": row["rejected"].strip()}],
            }
            for i, row in enumerate(tiny.pairs())
        ]
    )
    made = tiny.job(tmp_path, rows=turns)
    made.tokenizer = tokenizer
    from ftwidgets.training.pairwise.build import build_trainer

    trainer = build_trainer(made)
    row = trainer.train_dataset[0]
    assert tokenizer.decode(row["prompt_ids"]).split()[:9] == tiny.pairs()[0]["prompt"].split()
    assert len(row["chosen_ids"]) == 5 + 1
    trainer.train()


def test_only_adapters_are_trained(tmp_path):
    job = tiny.job(tmp_path, model=tiny.base())
    from ftwidgets.training.pairwise.build import build_trainer

    with pytest.raises(TypeError, match="PeftModel"):
        build_trainer(job)


def test_rows_without_ids_are_numbered(tmp_path):
    trainer = tiny.trainer(tmp_path, rows=tiny.pairs().remove_columns("row_id"))
    assert trainer.train_dataset["row_id"] == list(range(8))


def test_what_we_rely_on_in_trl_is_there():
    """Private names of TRL's trainer. When this fails after an update, read its diff before anything else."""
    import inspect

    from transformers import Trainer
    from trl.kernels import ChunkedLogProbFunction
    from trl.models.utils import disable_gradient_checkpointing
    from trl.trainer.utils import add_fused_lm_head, use_adapter

    assert list(inspect.signature(DPOTrainer._compute_loss).parameters) == ["self", "model", "inputs", "return_outputs"]
    for owner, name, arguments in (
        (DPOTrainer, "_prepare_dataset", ["dataset", "processing_class", "args", "dataset_name"]),
        (DPOTrainer, "_precompute_ref_logps", ["dataset", "name", "batch_size"]),
        (DPOTrainer, "_set_signature_columns_if_needed", []),
        (Trainer, "_get_train_sampler", ["train_dataset"]),
        (Trainer, "_get_grad_norm", ["model", "grad_norm"]),
    ):
        assert list(inspect.signature(getattr(owner, name)).parameters)[1:] == arguments, name
    assert list(inspect.signature(ChunkedLogProbFunction.forward).parameters) == [
        "ctx", "hidden", "weight", "bias", "targets", "temperature", "chunk_size", "final_logit_softcapping",
        "logit_scale", "outputs",
    ]  # fmt: skip
    assert callable(disable_gradient_checkpointing)
    assert callable(use_adapter)
    source = inspect.getsource(add_fused_lm_head)
    assert "fused_lm_head=False" in source
    assert "shift_labels" in source
    used = inspect.getsource(DPOTrainer)
    for name in ("completion_mask", "_metrics", "_total_train_tokens", "aux_loss_enabled", "precompute_ref_logps"):
        assert name in used, name
