"""Every method in 4 bits on one CUDA GPU, from one command, in about ten minutes.

    python -m benchmarks.gpu --model FOLDER [--data FOLDER] [--steps N] [--out gpu.json]

Trains SFT, continued pre-training, DPO, ORPO, SimPO, the reward model and PPO (against that reward model) for a few
steps each through ``ftwidgets.train``, and writes tokens per second, peak memory and losses as JSON; the same JSON is
the last line printed. The peak is what PyTorch reserved at most and CUDA's context; without a GPU, what the process
took above what it had. ``--data`` is a folder with ``alpaca_en_demo.json``, ``dpo_en_demo.json`` and ``c4_demo.jsonl``;
without it the built-in rows are used. ``--device cpu`` tries the script itself without a GPU.
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
    import ftwidgets
    from ftwidgets.training.peak import watch

    peak = watch()
    peak.reset()
    dataset = "demo" if data is None else str(Path(data) / FILES.get(method, PAIRS))
    options: dict[str, Any] = {"reward": reward, "response_length": 64} if method == "ppo" else {}
    run = ftwidgets.train(
        method=method,
        model=model,
        dataset=dataset,
        max_steps=steps,
        output_dir=folder,
        max_eval_samples=8,
        logging_steps=1,
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
            # Warming up is not counted; of PPO no first update is in the log.
            speeds = history[name].dropna().tolist()[0 if method == "ppo" else 1 :]
            found[name] = statistics.median(speeds) if speeds else None
    for name in ("loss", "objective/scores", "objective/kl"):
        if name in history:
            found[name] = history[name].dropna().tolist()
    found["peak_bytes"] = peak.bytes(run.model) if status == "finished" else None
    peak.close()
    run.free()
    return found


def main(arguments: list[str] | None = None) -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--model", required=True)
    ask.add_argument("--data")
    ask.add_argument("--steps", type=int, default=20)
    ask.add_argument("--out", type=Path)
    ask.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    a = ask.parse_args(arguments)
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
            speed = found.get("tokens_per_second")
            print(method, found["status"], f"{speed:.0f} tokens/s" if speed else "", flush=True)
            del found["folder"]
    text = json.dumps({"benchmark": "gpu", "device": device, "model": a.model, "steps": a.steps, "methods": results})
    if a.out:
        a.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
