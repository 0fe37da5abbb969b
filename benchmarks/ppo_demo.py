"""SFT, a reward model and PPO on the built-in model: does the reward rise while KL stays bounded, on several seeds?

    python -m benchmarks.ppo_demo [--seeds N]

The runs of examples/ppo.ipynb. ``courtesy`` is the trait the reward model should have learnt, in [-1, 1], measured by
the demo's own function on the answers of an update; other numbers are of held-out prompts. One line of JSON comes last.
"""

import argparse
import json
import sys
import tempfile
import time

import ftwidgets
from ftwidgets.demo import courtesy


def one(seed: int, folder: str) -> dict:
    """The three runs of one seed, in numbers."""
    common = {"model": "demo", "dataset": "demo", "seed": seed, "output_dir": folder}
    begun = time.perf_counter()
    sft = finished(ftwidgets.train(method="sft", max_steps=20, **common))
    judge = finished(ftwidgets.train(method="reward", **common))
    run = finished(ftwidgets.train(method="ppo", adapter=str(sft.folder / "adapter"), reward=judge, **common))
    seconds = time.perf_counter() - begun
    held_out = run.history[["eval_objective/scores", "eval_objective/kl"]].dropna()
    tables = run.events.of("rollouts")
    manners = [sum(courtesy(t["prompt"], t["completion"])) / len(t["score"]) for t in (tables[0], tables[-1])]
    return {
        "seed": seed,
        "seconds": seconds,
        "reward_model_accuracy": judge.history["eval_accuracy"].dropna().iloc[-1],
        "reward": held_out["eval_objective/scores"].iloc[[0, -1]].tolist(),
        "kl": held_out["eval_objective/kl"].iloc[[0, -1]].tolist(),
        "highest_kl": run.history["objective/kl"].max(),
        "courtesy": manners,
    }


def finished(run):
    """``run`` when it is done."""
    run.wait()
    assert run.status == "finished", run.error
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    seeds = []
    for seed in range(parser.parse_args().seeds):
        with tempfile.TemporaryDirectory() as folder:
            seeds.append(one(seed, folder))
        print(seeds[-1], file=sys.stderr)
    rises = all(s["reward"][1] > s["reward"][0] and s["courtesy"][1] > s["courtesy"][0] for s in seeds)
    print(json.dumps({"benchmark": "ppo_demo", "rises_on_every_seed": rises, "seeds": seeds}))


if __name__ == "__main__":
    main()
