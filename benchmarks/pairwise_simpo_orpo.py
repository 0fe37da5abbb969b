"""SimPO and ORPO against ``trl.experimental``: first loss, step time, and peak memory above the loaded model.

    python -m benchmarks.pairwise_simpo_orpo --model FOLDER [--steps N] [--rounds N] [--batch N]

The same NF4 model, adapter, rows (``dpo_en_demo.json``, cut at 1024 tokens) and settings; each side in a process of
its own, in turns. The first step of each process is not counted. One pair a batch: with more, the peer's logits would
not fit a common machine's memory, and its ORPO would average tokens over pairs, which ours does not. Prints one line of
JSON last.
"""

import json
import statistics

from benchmarks.pairwise_side import arguments, run


def main() -> None:
    options = arguments(__doc__, steps=5, rounds=2, batch=1)
    results = {}
    for method in ("simpo", "orpo"):
        found = {"ours": [], "trl": []}
        for _ in range(options.rounds):
            for side, measured in found.items():
                measured.append(run(side, method, options))
        results[method] = compare(found)
        print(method, json.dumps(results[method], indent=2), flush=True)
    print(json.dumps({"benchmark": "pairwise_simpo_orpo", "steps": options.steps, "batch": options.batch, **results}))


def compare(found: dict[str, list[dict]]) -> dict:
    """Targets: first losses within 1e-4, memory at most 0.5, time at most 0.75."""
    sides = {}
    for side, measured in found.items():
        sides[side] = {
            "first_loss": measured[0]["losses"][0],
            "step_seconds": statistics.median(s for m in measured for s in m["seconds"][1:]),
            "step_cpu_seconds": statistics.median(s for m in measured for s in m["cpu_seconds"][1:]),
            "peak_bytes": max(m["peak_bytes"] for m in measured),
        }
    mine, theirs = sides["ours"], sides["trl"]
    two_rows = found["ours"][0]["first_loss_of_two_rows"]
    # Steps pair by pair: the same rows on both sides.
    steps = [
        o / t
        for mine_run, their_run in zip(found["ours"], found["trl"], strict=True)
        for o, t in zip(mine_run["seconds"][1:], their_run["seconds"][1:], strict=True)
    ]
    return {
        "first_loss_difference": abs(mine["first_loss"] - theirs["first_loss"]),
        "first_loss_difference_without_sharing": abs(two_rows - theirs["first_loss"]),
        "time_ratio": statistics.median(steps),
        "cpu_time_ratio": mine["step_cpu_seconds"] / theirs["step_cpu_seconds"],
        "memory_ratio": mine["peak_bytes"] / theirs["peak_bytes"],
        "prefix_sharing": found["ours"][0]["prefix_sharing"],
        "device": found["ours"][0]["device"],
        **sides,
    }


if __name__ == "__main__":
    main()
