"""DPO against TRL's ``DPOTrainer``: the loss curve, step time, and peak memory above the loaded model.

    python -m benchmarks.pairwise_dpo --model FOLDER [--steps N] [--rounds N] [--batch N]

The same NF4 model, adapter, rows (``dpo_en_demo.json``, cut at 1024 tokens) and settings; each side in a process of its
own, in turns. The first step of each process is not counted for time. How far bfloat16's rounding alone drives two
curves apart is measured on TRL itself: a third side is TRL with rows padded to a multiple of 64, which changes no
number but the order of the sums. Prints one line of JSON last.
"""

import json
import statistics

from benchmarks.pairwise_side import arguments, run


def apart_by(one: dict, other: dict) -> list[float]:
    """Absolute difference of the losses at each step."""
    return [abs(a - b) for a, b in zip(one["losses"], other["losses"], strict=True)]


def main() -> None:
    options = arguments(__doc__, steps=20, rounds=1, batch=1)
    found = {"ours": [], "trl": []}
    for _ in range(options.rounds):
        for side, measured in found.items():
            measured.append(run(side, "dpo", options))
            print(side, json.dumps(measured[-1]), flush=True)
    seconds = {side: [m["seconds"] for m in measured] for side, measured in found.items()}
    ours, theirs = found["ours"][0], found["trl"][0]
    padded = run("trl_padded", "dpo", options)
    print("trl_padded", json.dumps(padded), flush=True)
    apart = apart_by(ours, theirs)
    itself = apart_by(padded, theirs)
    total = {side: sum(sum(run[1:]) for run in runs) for side, runs in seconds.items()}
    steps = [
        o / t
        for mine, other in zip(seconds["ours"], seconds["trl"], strict=True)
        for o, t in zip(mine[1:], other[1:], strict=True)
    ]
    result = {
        "loss_difference_mean": statistics.mean(apart),
        "loss_difference_max": max(apart),
        "trl_from_itself_mean": statistics.mean(itself),
        "trl_from_itself_max": max(itself),
        "loss_fell_by": {side: m[0]["losses"][0] - statistics.mean(m[0]["losses"][-5:]) for side, m in found.items()},
        "time_ratio": total["ours"] / total["trl"],  # over all steps: the rows are as long as they are
        "time_ratio_median": statistics.median(steps),
        "memory_ratio": max(m["peak_bytes"] for m in found["ours"]) / max(m["peak_bytes"] for m in found["trl"]),
        "step_seconds": {side: value / len(steps) for side, value in total.items()},
        "peak_bytes": {side: max(m["peak_bytes"] for m in measured) for side, measured in found.items()},
        "prefix_sharing": ours["prefix_sharing"],
        "device": ours["device"],
    }
    print(json.dumps({"benchmark": "pairwise_dpo", "steps": options.steps, "batch": options.batch, **result}))


if __name__ == "__main__":
    main()
