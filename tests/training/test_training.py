"""Runs end to end on the built-in model, through the same door as a notebook."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest

import ftwidgets
from ftwidgets.runs import LiveRun
from tests.patience import PATIENCE

SHORT = {"max_steps": 4, "per_device_train_batch_size": 2, "gradient_accumulation_steps": 1, "max_eval_samples": 8}


def test_sft_leaves_a_whole_run_folder(train, capfd):
    run = train(method="sft", **SHORT)
    assert run.wait(PATIENCE) == "finished", run.error
    names = {path.name for path in run.folder.iterdir()}
    assert {"config.yaml", "environment.json", "events.jsonl", "summary.json", "adapter", "checkpoints"} <= names
    assert (run.folder / "adapter" / "adapter_model.safetensors").exists()
    history = run.history
    assert list(history["step"]) == [0, 1, 2, 3, 4]
    assert {"loss", "grad_norm", "learning_rate", "eval_loss", "mean_token_accuracy"} <= set(history.columns)
    assert np.isfinite(history.loc[history.step > 0, "loss"]).all()
    printed = capfd.readouterr()
    assert printed.out == "" and printed.err == "", "libraries printed into the notebook"


def test_the_base_is_in_4_bits_and_is_left_as_loaded(train):
    import bitsandbytes
    import torch

    run = train(method="sft", **SHORT)
    assert run.wait(PATIENCE) == "finished", run.error
    linears = [m for m in run.model.modules() if isinstance(m, bitsandbytes.nn.Linear4bit)]
    layers = run.model.config.num_hidden_layers
    assert len(linears) == 7 * layers  # q, k, v, o, gate, up, down
    assert {m.weight.quant_type for m in linears} == {"nf4"}
    assert all(m.weight.quant_state.nested for m in linears), "double quantization"
    frozen = [p for n, p in run.model.named_parameters() if not p.requires_grad and p.is_floating_point()]
    assert torch.float32 not in {p.dtype for p in frozen}, "norms and embeddings were cast up"
    trained = {n.split(".lora_")[0].rsplit(".", 1)[-1] for n, p in run.model.named_parameters() if p.requires_grad}
    assert trained == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def test_loss_of_the_first_step_equals_trl_by_hand(train):
    """The same rows, seed and adapter through TRL alone give the same losses."""
    import torch
    from datasets import load_dataset
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, set_seed
    from trl import SFTConfig, SFTTrainer

    from ftwidgets import demo

    run = train(method="sft", learning_rate=1e-3, seed=3, test_size=0, **SHORT)
    assert run.wait(PATIENCE) == "finished", run.error
    config = run.config

    folder = str(demo.model_folder())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    quantization = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )  # fmt: skip
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, quantization_config=quantization)
    set_seed(3)
    lora = LoraConfig(
        r=config.r, lora_alpha=config.lora_alpha, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    args = SFTConfig(
        str(run.folder / "by-hand"), max_steps=4, per_device_train_batch_size=2, gradient_accumulation_steps=1,
        learning_rate=1e-3, lr_scheduler_type=config.lr_scheduler_type, warmup_steps=config.warmup_steps, seed=3,
        max_length=config.max_length, gradient_checkpointing=config.gradient_checkpointing, logging_steps=1,
        assistant_only_loss=True, report_to="none", use_cpu=True, bf16=False, disable_tqdm=True, save_strategy="no",
        optim="adamw_torch",  # the fused one rounds bfloat16 adapters otherwise
        weight_decay=config.weight_decay, max_grad_norm=config.max_grad_norm,
    )  # fmt: skip
    rows = load_dataset("json", data_files=str(demo.dataset_file("sft")), split="train").select_columns("messages")
    trainer = SFTTrainer(get_peft_model(base, lora), args, train_dataset=rows, processing_class=tokenizer)
    trainer.train()
    by_hand = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    ours = run.history.loc[run.history.step > 0, "loss"]
    np.testing.assert_allclose(ours, by_hand, rtol=1e-3)


def test_stop_keeps_what_was_learnt_and_resume_goes_on(train):
    run = train(method="sft", **(SHORT | {"max_steps": 2000}))
    three = threading.Event()
    run.subscribe(lambda: three.set() if len(run.store) > 3 else None)
    assert three.wait(PATIENCE)
    run.stop()
    assert run.wait(PATIENCE) == "stopped", run.error
    stopped_at = int(run.history["step"].iloc[-1])
    assert stopped_at < 2000
    assert (run.folder / "adapter").is_dir()

    again = ftwidgets.resume(run)
    more = threading.Event()
    again.subscribe(
        lambda: more.set() if len(again.store) and again.history["step"].iloc[-1] > stopped_at + 1 else None
    )
    assert more.wait(PATIENCE), again.error
    again.stop()
    assert again.wait(PATIENCE) == "stopped", again.error
    steps = list(again.history["step"])
    assert steps == list(range(int(steps[-1]) + 1))


def test_a_run_stopped_while_it_rests_resumes_with_its_whole_history(train, before_step):
    before_step(3, LiveRun.pause)
    run = train(method="sft", **(SHORT | {"max_steps": 8}))
    resting = threading.Event()
    run.subscribe(lambda: resting.set() if run.status == "paused" or run.ended else None)
    assert resting.wait(PATIENCE)
    run.stop()
    assert run.wait(PATIENCE) == "stopped", run.error
    assert run.events.of("checkpoint")[-1]["step"] == run.history["step"].max() == 3

    again = ftwidgets.resume(run)
    assert again.wait(PATIENCE) == "finished", again.error
    assert list(again.history["step"]) == list(range(9))
    straight = train(method="sft", **(SHORT | {"max_steps": 8}))
    assert straight.wait(PATIENCE) == "finished", straight.error
    # TRL counts from 0 again after a resume.
    for name in ("num_tokens", "eval_num_tokens"):
        assert list(again.history[name].dropna()) == list(straight.history[name].dropna())


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"dataset": "/no/such/file.jsonl"}, "no file"),
        ({"model": "/no/such/model"}, "no such folder"),
        ({"target_modules": "wq, wk"}, "q_proj"),
        ({"adapter": "/no/such/adapter"}, "adapter"),
        ({"chat_template": "/no/such.jinja"}, "no such file"),
        ({"dataset": [{"instruction": "word " * 40, "output": "yes"}] * 8, "max_length": 16}, "max_length"),
    ],
)
def test_bad_input_is_told_and_the_next_run_works(train, keywords, words):
    run = train(method="sft", **(SHORT | keywords))
    assert run.wait(PATIENCE) == "failed"
    assert words in run.error, run.error
    assert "Traceback" not in run.error
    assert ftwidgets.load_run(run.folder).error == run.error


def test_a_lost_run_ends_at_once(train):
    run = train(
        method="sft", **(SHORT | {"max_steps": 200, "learning_rate": 1.0, "max_grad_norm": 1e30}), warmup_steps=0
    )
    status = run.wait(PATIENCE)
    losses = run.history["loss"].dropna()
    assert status == "failed" or losses.iloc[-1] > losses.iloc[0]
    if status == "failed":
        assert "learning_rate" in run.error


def test_rows_of_the_kernel_are_written_down(train, tmp_path):
    rows = [{"instruction": f"Say {i}.", "input": "", "output": f"{i}!"} for i in range(12)]
    run = train(method="sft", dataset=rows, **SHORT)
    assert run.wait(PATIENCE) == "finished", run.error
    kept = [json.loads(line) for line in Path(run.config.dataset).read_text(encoding="utf-8").splitlines()]
    assert kept == rows
