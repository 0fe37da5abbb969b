"""One side of a pairwise benchmark, in a process of its own: our trainer, or TRL's, on the same model and rows.

Started by ``benchmarks.pairwise_simpo_orpo`` and ``benchmarks.pairwise_dpo``; prints one line of JSON last. Counted are
the wall time of each step, the loss of each, and the largest memory that the process held while training above what it
held with the model loaded (every page of the weights looked at before, so that reading them later does not count).
"""

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LENGTH, RANK, SEED = 1024, 16, 0
SIDES = ("ours", "trl", "trl_padded")  # the last: TRL against itself, with the sums of bfloat16 in another order
LOSSES = {
    "dpo": {"beta": 0.1},
    "simpo": {"beta": 2.0, "simpo_gamma": 1.0},
    "orpo": {"beta": 0.1, "nll_over": "all"},  # over prompt and answer, as TRL's experimental trainer
}


def arguments(description: str, **defaults: int) -> argparse.Namespace:
    """Command line of both benchmarks."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=os.environ.get("FTWIDGETS_REAL_MODEL"), help="folder of the model")
    shared = os.environ.get("FTWIDGETS_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--data", default=str(Path(shared) / "dpo_en_demo.json"))
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    found = parser.parse_args()
    if not found.model or not Path(found.data).exists():
        parser.error("give --model FOLDER (or FTWIDGETS_REAL_MODEL), and --data FILE (or FTWIDGETS_SHARED_DATA)")
    return found


def run(side: str, method: str, options: argparse.Namespace) -> dict:
    """Start ``side`` (one of ``SIDES``) and wait for what it measured."""
    command = [sys.executable, "-m", "benchmarks.pairwise_side", side, method]
    for name in ("model", "data", "steps", "batch"):
        command += [f"--{name}", str(getattr(options, name))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def rows(data: str, tokenizer, wanted: int) -> list[dict]:
    """The first ``wanted`` pairs whose prompt does not fill ``LENGTH``: there TRL's trainers and ours differ."""
    names = {"human": "User: ", "gpt": "Assistant: ", "system": ""}
    found = []
    for row in json.loads(Path(data).read_text(encoding="utf-8")):
        turns = [names[turn["from"]] + turn["value"] for turn in row["conversations"]]
        prompt = "\n\n".join([*turns, "Assistant:"])
        if len(tokenizer(prompt)["input_ids"]) < LENGTH - 1:
            pair = {side: " " + row[side]["value"] for side in ("chosen", "rejected")}
            found.append({"row_id": len(found), "prompt": prompt, **pair})
        if len(found) == wanted:
            break
    return found


class Memory:
    """Peak of this process (or of the CUDA device) since ``start``, in bytes, above what was held then."""

    def start(self, model) -> None:
        import torch

        for tensor in (*model.parameters(), *model.buffers()):
            tensor.detach().flatten().view(torch.uint8)[::1024].sum().item()  # a look at every page
        gc.collect()
        self.cuda = torch.cuda.is_available()
        if self.cuda:
            torch.cuda.reset_peak_memory_stats()
            self.held = torch.cuda.memory_allocated()
            return
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak starts anew
        self.held = self._status("VmRSS")

    def peak(self) -> int:
        import torch

        return (torch.cuda.max_memory_allocated() if self.cuda else self._status("VmHWM")) - self.held

    @staticmethod
    def _status(name: str) -> int:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def measure(side: str, method: str, options: argparse.Namespace, folder: str) -> dict:
    """Train; see the module's docstring."""
    import torch
    from datasets import Dataset
    from transformers import TrainerCallback

    from ftwidgets.config import RunConfig
    from ftwidgets.training.loading import load_base, load_tokenizer

    times: list[tuple[float, float]] = []

    class Clock(TrainerCallback):
        def on_step_begin(self, *args, **keywords):
            times.append((time.perf_counter(), time.process_time()))

        def on_step_end(self, *args, **keywords):
            begun = times.pop()
            times.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))

    config = RunConfig(
        method=method, model=options.model, dataset="pairs", max_steps=options.steps, r=RANK, lora_alpha=2 * RANK,
        lora_dropout=0.0, per_device_train_batch_size=options.batch, gradient_accumulation_steps=1, max_length=LENGTH,
        learning_rate=5e-5, lr_scheduler_type="constant", warmup_steps=0, gradient_checkpointing=True, seed=SEED,
        logging_steps=1, save_steps=0, optim="adamw_torch", max_grad_norm=1.0, output_dir=folder, **LOSSES[method],
    )  # fmt: skip
    tokenizer, base = load_tokenizer(config), load_base(config)
    dataset = Dataset.from_list(rows(options.data, tokenizer, options.steps * options.batch))
    memory = Memory()
    memory.start(base)
    given = (method, config, base, tokenizer, dataset, Clock(), folder)
    trainer = ours(*given) if side == "ours" else theirs(*given, padded=side == "trl_padded")
    result = {}
    if side == "ours":
        result["prefix_sharing"] = trainer.prefix_sharing.reason
        result["first_loss_of_two_rows"] = first_loss_of_two_rows(trainer)
    trainer.train()
    return result | {
        "losses": [row["loss"] for row in trainer.state.log_history if "loss" in row],
        "seconds": [wall for wall, _ in times],
        "cpu_seconds": [cpu for _, cpu in times],
        "peak_bytes": memory.peak(),
        "loaded_bytes": memory.held,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else f"{torch.get_num_threads()} threads",
    }


def training_arguments(config, folder: str) -> dict:
    """What both sides are given: the arguments that a run of ours has."""
    from ftwidgets.training.job import Job

    job = Job(config, None, Path(folder), None, None, None, None)
    # bf16, TRL's default, also on a CPU: without it the experimental trainers round log-probabilities to three digits.
    return job.arguments() | {"save_strategy": "no", "bf16": True, "train_sampling_strategy": "sequential"}


def ours(method, config, base, tokenizer, dataset, clock, folder):
    from ftwidgets.training.job import Job
    from ftwidgets.training.loading import add_adapter
    from ftwidgets.training.pairwise.build import build_trainer

    class Silent:
        stop_requested = False

        def emit(self, type, **fields): ...
        def progress(self, *args, **keywords): ...

    job = Job(config, Silent(), Path(folder), add_adapter(base, config), tokenizer, dataset, None, [clock])
    job.arguments = lambda: training_arguments(config, folder)
    return build_trainer(job)


def first_loss_of_two_rows(trainer) -> float:
    """The first step's loss, the pairs laid out as TRL lays them out."""
    import torch

    collator, size = trainer.data_collator, trainer.args.per_device_train_batch_size
    sharing, collator.sharing = collator.sharing, False
    batch = collator([trainer.train_dataset[i] for i in range(size)])
    collator.sharing = sharing
    with torch.no_grad():
        loss = trainer.compute_loss(trainer.model, trainer._prepare_inputs(batch)).item()
    trainer.record.drain("train")
    trainer._total_train_tokens = 0
    return loss


def theirs(method, config, base, tokenizer, dataset, clock, folder, padded=False):
    """DPO: TRL's stable trainer with a new adapter (equal to ours to the last bit), as its documentation does. The
    others: its experimental trainers, on a model with our adapter, which spares them the conversion of every embedding
    to float32."""
    import torch
    from peft import LoraConfig

    from ftwidgets.training.loading import add_adapter

    common = training_arguments(config, folder) | {"max_length": LENGTH, "beta": config.beta}
    data = dataset.remove_columns("row_id")
    if method == "dpo":
        from trl import DPOConfig, DPOTrainer

        lora = LoraConfig(
            r=RANK, lora_alpha=2 * RANK, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        settings = DPOConfig(**common, pad_to_multiple_of=64 if padded else None)
        return DPOTrainer(
            base, args=settings, train_dataset=data, processing_class=tokenizer, peft_config=lora, callbacks=[clock]
        )
    model = add_adapter(base, config)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.bfloat16)  # as the stable trainers do
    if method == "simpo":
        from trl.experimental.cpo import CPOConfig as Config
        from trl.experimental.cpo import CPOTrainer as Trainer

        common |= {"loss_type": "simpo", "cpo_alpha": 0.0, "simpo_gamma": config.simpo_gamma}
    else:
        from trl.experimental.orpo import ORPOConfig as Config
        from trl.experimental.orpo import ORPOTrainer as Trainer
    return Trainer(model, args=Config(**common), train_dataset=data, processing_class=tokenizer, callbacks=[clock])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("method", choices=list(LOSSES))
    for name in ("model", "data"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("steps", "batch"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(measure(given.side, given.method, given, place)))
