"""Time of a step through ``ftwidgets.train`` against the same TRL script written by hand.

    python -m benchmarks.step_time [--model FOLDER] [--steps N] [--pairs N]

The same model in NF4, rows, adapter, batch and seed; processes take turns (ours, TRL's, ours, ...), and the median
step of each is compared pair by pair. The built-in model by default: its steps are the shortest, so that what we add
to a step weighs most. Prints one line of JSON last.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

BATCH, LENGTH, RATE, SEED = 8, 128, 1e-4, 0


def ours(model: str, steps: int) -> list[float]:
    """Seconds of each step of a run that a person would start, with its log and a live subscriber."""
    import ftwidgets

    with tempfile.TemporaryDirectory() as folder:
        run = ftwidgets.train(
            method="sft", model=model, dataset="demo", max_steps=steps, per_device_train_batch_size=BATCH,
            gradient_accumulation_steps=1, max_length=LENGTH, learning_rate=RATE, seed=SEED, test_size=0,
            gradient_checkpointing=False, save_steps=0, probe_prompts=["Hello?"], max_new_tokens=1, output_dir=folder,
            eval_dataset=None, max_eval_samples=1, eval_steps=0,
        )  # fmt: skip
        run.subscribe(lambda: len(run.store))
        run.wait()
        assert run.status == "finished", run.error
        history = run.history
        times = history.loc[history["step"] > 0, "samples_per_second"]
        return [BATCH / value for value in times if value == value]


def by_hand(model: str, steps: int) -> list[float]:
    """Seconds of each step of the TRL script in TRL's own documentation, with the same settings."""
    import torch
    from datasets import load_dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from ftwidgets import demo

    class Clock(TrainerCallback):
        def __init__(self):
            self.times = []

        def on_step_end(self, *_, **__):
            self.times.append(time.perf_counter())

    folder = str(demo.model_folder()) if model == "demo" else model
    cuda = torch.cuda.is_available()
    quantization = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )  # fmt: skip
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, quantization_config=quantization)
    rows = load_dataset("json", data_files=str(demo.dataset_file("sft")), split="train").select_columns("messages")
    clock = Clock()
    with tempfile.TemporaryDirectory() as output:
        args = SFTConfig(
            output, max_steps=steps, per_device_train_batch_size=BATCH, max_length=LENGTH, learning_rate=RATE,
            seed=SEED, assistant_only_loss=True, logging_steps=1, report_to="none", use_cpu=not cuda, bf16=cuda,
            disable_tqdm=True, save_strategy="no", gradient_checkpointing=False,
            optim="paged_adamw_8bit" if cuda else "adamw_torch",
        )  # fmt: skip
        lora = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
        trainer = SFTTrainer(
            base, args, train_dataset=rows, processing_class=AutoTokenizer.from_pretrained(folder), peft_config=lora,
            callbacks=[clock],
        )  # fmt: skip
        trainer.train()
    return [b - a for a, b in zip(clock.times, clock.times[1:], strict=False)]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--model", default="demo")
    ask.add_argument("--steps", type=int, default=60)
    ask.add_argument("--pairs", type=int, default=3)
    ask.add_argument("--side", choices=["ours", "trl"], help=argparse.SUPPRESS)
    a = ask.parse_args()
    if a.side:
        times = (ours if a.side == "ours" else by_hand)(a.model, a.steps)
        print(json.dumps(statistics.median(times[3:])))  # the first steps warm up
        return
    medians: dict[str, list[float]] = {"ours": [], "trl": []}
    for _ in range(a.pairs):
        for side, values in medians.items():
            command = [sys.executable, "-m", "benchmarks.step_time", "--side", side, "--model", a.model]
            done = subprocess.run([*command, "--steps", str(a.steps)], capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr[-3000:])
            values.append(json.loads(done.stdout.splitlines()[-1]))
            print(f"{side:5} {values[-1]:.4f} s a step", flush=True)
    ratio = statistics.median(o / t for o, t in zip(medians["ours"], medians["trl"], strict=True))
    print(f"ftwidgets / TRL by hand: {ratio:.3f}")
    print(json.dumps({"benchmark": "step_time", "model": a.model, "seconds": medians, "ratio": ratio}))


if __name__ == "__main__":
    main()
