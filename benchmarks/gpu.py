"""Every method in 4 bits on one CUDA GPU, from one command, in about ten minutes.

    python -m benchmarks.gpu --model FOLDER [--data FOLDER] [--steps N] [--out gpu.json]

Trains SFT, continued pre-training, DPO, ORPO, SimPO, the reward model and PPO (against that reward model) for a few
steps each through ``ftwidgets.train``, and writes tokens per second, peak allocated memory and losses as JSON; the same
JSON is the last line printed. ``--data`` is a folder with ``alpaca_en_demo.json``, ``dpo_en_demo.json`` and
``c4_demo.jsonl``; without it the built-in rows are used. ``--device cpu`` tries the script itself without a GPU.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

METHODS = ("sft", "pretrain", "dpo", "orpo", "simpo", "reward", "ppo")
FILES = {"sft": "alpaca_en_demo.json", "pretrain": "c4_demo.jsonl"}
PAIRS = "dpo_en_demo.json"


def one(method: str, model: str, data: str | None, steps: int, folder: str, reward: str | None) -> dict[str, Any]:
    """Train one method and say what it took: seconds a step and bytes come from the run's own log."""
    import torch

    import ftwidgets

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    dataset = "demo" if data is None else str(Path(data) / FILES.get(method, PAIRS))
    options: dict[str, Any] = {"reward": reward, "response_length": 64} if method == "ppo" else {}
    run = ftwidgets.train(
        method=method,
        model=model,
        dataset=dataset,
        max_steps=steps,
        output_dir=folder,
        max_eval_samples=8,
        eval_steps=0,
        save_steps=0,
        max_new_tokens=16,
        **options,
    )
    status = run.wait()
    history = run.history[run.history["step"] > 0]
    found = {"status": status, "error": run.error, "folder": str(run.folder)}
    for name in ("tokens_per_second", "samples_per_second"):
        if name in history:
            found[name] = statistics.median([*history[name].dropna()][1:] or [float("nan")])
    for name in ("loss", "objective/scores", "objective/kl"):
        if name in history:
            found[name] = history[name].dropna().tolist()
    if torch.cuda.is_available():
        found["peak_bytes"] = torch.cuda.max_memory_allocated()
    run.free()
    return found


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--model", required=True)
    ask.add_argument("--data")
    ask.add_argument("--steps", type=int, default=20)
    ask.add_argument("--out", type=Path)
    ask.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    a = ask.parse_args()
    import torch

    if a.device == "cuda" and not torch.cuda.is_available():
        sys.exit("No CUDA device: this benchmark is for a GPU. --device cpu tries the script without one.")
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        reward = None
        for method in METHODS:
            results[method] = found = one(method, a.model, a.data, a.steps, folder, reward)
            if method == "reward":
                reward = found["folder"]
            print(
                f"{method:9} {found['status']}  {found.get('tokens_per_second', float('nan')):.0f} tokens/s", flush=True
            )
            del found["folder"]
    text = json.dumps({"benchmark": "gpu", "device": device, "model": a.model, "steps": a.steps, "methods": results})
    if a.out:
        a.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
