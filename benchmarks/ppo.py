"""PPO against the last TRL that had it (``trl.experimental.ppo`` of trl 1.12.0): samples a second, and peak memory.

    python -m benchmarks.ppo --model FOLDER [--rounds N] [--updates N]

The same prompts, reward function, LoRA and batch on the same NF4 policy; TRL's value model is in bfloat16 and trained
whole, as it has to be there; TRL's option ``gradient_checkpointing`` has no effect there (its ``train`` never switches
it on), so ours is off too. Both sample answers of exactly ``ANSWER`` tokens. Each side runs in a process of its own,
and which comes first alternates; the first update of each process is not counted. The ratio is that of the medians over
all updates; each round's own stands beside it, to show how far they scatter. TRL 1.12.0 is put into a folder of its own
(``~/.cache/ftwidgets-benchmarks``) over the packages installed here. Prints one line of JSON last.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLES, ANSWER, EPOCHS, RANK, RATE, SEED = 4, 48, 2, 16, 1e-5, 0
THEIRS = "1.12.0"
SUBJECTS = ("rain", "a lighthouse", "bread", "old maps", "bicycles", "the moon", "tea", "a garden wall")
PROMPTS = [
    f"Here is a question from a reader who would like a short and friendly answer in plain words, without lists and "
    f"without headings. The reader asks: what should everyone know about {subject}, and why does it matter to people "
    f"who live far away from cities?\nAnswer:"
    for subject in SUBJECTS * 4
]


def reward(prompts: list[str], completions: list[str]) -> list[float]:
    """Shorter words are better."""
    return [-sum(map(len, text.split())) / max(len(text.split()), 1) for text in completions]


class Clock:
    """When each update ended, by the clock and in processor time."""

    def __init__(self, steps_per_update: int):
        self.every = steps_per_update
        self.times: list[tuple[float, float]] = []

    def callback(self):
        from transformers import TrainerCallback

        clock = self

        class Callback(TrainerCallback):
            def on_step_end(self, args, state, control, **more):
                if state.global_step % clock.every == 0:
                    clock.times.append((time.perf_counter(), time.process_time()))

        return Callback()

    def seconds(self) -> list[tuple[float, float]]:
        """Of each update but the first: by the clock, and of all processor cores."""
        return [(b[0] - a[0], b[1] - a[1]) for a, b in zip(self.times, self.times[1:], strict=False)]


class Context:
    """Stands in for a run: nobody listens."""

    stop_requested = False

    def emit(self, type, **fields): ...
    def progress(self, *args, **keywords): ...


def ours(model: str, updates: int, folder: str) -> tuple[list[tuple[float, float]], dict]:
    """Seconds of each update but the first, and the first update's log."""
    from datasets import Dataset

    from ftwidgets.config import RunConfig
    from ftwidgets.training.device import release
    from ftwidgets.training.job import Job
    from ftwidgets.training.loading import add_adapter, load_base, load_tokenizer
    from ftwidgets.training.ppo.build import build_trainer

    clock = Clock(EPOCHS)
    config = RunConfig(
        method="ppo", model=model, dataset="prompts", reward="a function", max_steps=EPOCHS * updates,
        per_device_train_batch_size=SAMPLES, gradient_accumulation_steps=1, num_ppo_epochs=EPOCHS,
        response_length=ANSWER, temperature=0.7, r=RANK, lora_alpha=2 * RANK, learning_rate=RATE, seed=SEED,
        gradient_checkpointing=False, max_length=512, save_steps=0, output_dir=folder, lr_scheduler_type="linear",
    )  # fmt: skip
    rows = Dataset.from_dict({"row_id": list(range(len(PROMPTS))), "prompt": PROMPTS})
    base = add_adapter(load_base(config), config)
    job = Job(config, Context(), Path(folder), base, load_tokenizer(config), rows, None, [clock.callback()], reward)
    trainer = build_trainer(job)
    sampler = trainer.collector.sampler
    sampler.stops, sampler.generation.eos_token_id = [], None  # every answer of the same length
    release()  # as every run does before it trains
    trainer.train()
    return clock.seconds(), trainer.state.log_history[0]


def theirs(model: str, updates: int, folder: str) -> tuple[list[tuple[float, float]], dict]:
    """The same of trl.experimental.ppo, set up as its documentation does."""
    import torch
    import trl
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import (
        AutoModelForCausalLM,
        AutoModelForSequenceClassification,
        AutoTokenizer,
        BitsAndBytesConfig,
    )
    from trl.experimental.ppo import PPOConfig, PPOTrainer

    assert trl.__version__ == THEIRS, trl.__version__
    tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left")

    class Function(torch.nn.Module):
        """A reward function in the shape of a reward model: TRL takes only those."""

        base_model_prefix = "backbone"

        def backbone(self, input_ids, attention_mask, **more):
            texts = [
                tokenizer.decode(row[mask.bool()][-ANSWER:], skip_special_tokens=True)
                for row, mask in zip(input_ids, attention_mask, strict=True)
            ]
            scores = torch.tensor(reward([], texts), device=input_ids.device)
            hidden = scores[:, None, None].expand(-1, input_ids.shape[1], 1)
            return argparse.Namespace(hidden_states=[hidden])

        def score(self, hidden):
            return hidden

    clock = Clock(1)
    cuda = torch.cuda.is_available()
    quantization = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )  # fmt: skip
    policy = AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16, quantization_config=quantization)
    value = AutoModelForSequenceClassification.from_pretrained(model, dtype=torch.bfloat16, num_labels=1)
    ids = tokenizer(PROMPTS)["input_ids"]
    rows = Dataset.from_dict({"input_ids": ids, "attention_mask": [[1] * len(row) for row in ids]})
    arguments = PPOConfig(
        output_dir=folder, total_episodes=SAMPLES * updates, per_device_train_batch_size=SAMPLES,
        gradient_accumulation_steps=1, num_ppo_epochs=EPOCHS, response_length=ANSWER, temperature=0.7,
        learning_rate=RATE, seed=SEED, logging_steps=1, report_to="none", use_cpu=not cuda, save_strategy="no",
        num_sample_generations=0, bf16=False, gradient_checkpointing=False,
    )  # fmt: skip
    lora = LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM")
    trainer = PPOTrainer(
        args=arguments, processing_class=tokenizer, model=policy, ref_model=None, reward_model=Function(),
        train_dataset=rows, eval_dataset=rows.select(range(SAMPLES)), value_model=value, peft_config=lora,
        callbacks=[clock.callback()],
    )  # fmt: skip
    trainer.train()
    return clock.seconds(), trainer.state.log_history[0]


def peak_bytes() -> int:
    """Most memory ever in use: on the GPU where there is one, else of this process."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def overlay() -> str:
    """A folder with TRL 1.12.0 alone, to be put before the packages installed here."""
    folder = Path.home() / ".cache" / "ftwidgets-benchmarks" / f"trl-{THEIRS}"
    if not (folder / "trl").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        subprocess.run([*pip, f"trl=={THEIRS}"], check=True)
    return str(folder)


def run(side: str, model: str, updates: int) -> dict:
    """One side in a process of its own."""
    here = str(Path(__file__).parent.parent)
    path = here if side == "ours" else os.pathsep.join([overlay(), here])
    environment = os.environ | {"PYTHONPATH": path, "TRL_EXPERIMENTAL_SILENCE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, __file__, "--side", side, "--model", model, "--updates", str(updates)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--updates", type=int, default=6)
    parser.add_argument("--side", choices=["ours", "theirs"])
    given = parser.parse_args()
    if given.side:
        with tempfile.TemporaryDirectory() as folder:
            seconds, first = {"ours": ours, "theirs": theirs}[given.side](given.model, given.updates, folder)
        print(json.dumps({"seconds": seconds, "kl": first["objective/kl"], "peak": peak_bytes()}))
        return
    results: dict[str, list[dict]] = {"ours": [], "theirs": []}
    for turn in range(given.rounds):
        for side in ("ours", "theirs")[:: -1 if turn % 2 else 1]:
            results[side].append(run(side, given.model, given.updates))
            print(f"{side}: {results[side][-1]}", file=sys.stderr)

    def update_seconds(found: dict) -> float:
        return statistics.median(s for s, _ in found["seconds"])

    def summary(side: str) -> dict:
        seconds = statistics.median(s for r in results[side] for s, _ in r["seconds"])
        processor = statistics.median(s for r in results[side] for _, s in r["seconds"])
        peak = max(r["peak"] for r in results[side])
        return {
            "samples_per_second": SAMPLES / seconds,
            "processor_seconds_per_sample": processor / SAMPLES,
            "peak_gb": peak / 1e9,
            "first_kl": results[side][0]["kl"],
        }

    mine, other = summary("ours"), summary("theirs")
    rounds = zip(results["ours"], results["theirs"], strict=True)
    print(json.dumps({
        "benchmark": "ppo", "model": given.model, "ours": mine, f"trl {THEIRS}": other,
        "samples_per_second_ratio": mine["samples_per_second"] / other["samples_per_second"],
        "ratio_of_each_round": [update_seconds(t) / update_seconds(o) for o, t in rounds],
        "peak_memory_ratio": mine["peak_gb"] / other["peak_gb"],
        "targets": {"samples_per_second_ratio": 1.5, "peak_memory_ratio": 0.4},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
