"""A process that trains, runs out of memory and goes on, for test_out_of_memory. Prints what it saw as JSON."""

import gc
import json
import resource
import sys
import weakref
from pathlib import Path

import ftwidgets
from ftwidgets.training.device import release

SMALL = {"method": "sft", "max_steps": 4, "test_size": 0.0, "probe_prompts": [], "logging_steps": 1, "seed": 3}
BIG = SMALL | {"per_device_train_batch_size": 96, "gradient_accumulation_steps": 1, "gradient_checkpointing": False}
ROOM = 200_000_000  # bytes: the built-in model takes 90 MB with a batch of two, and 650 MB with the big one


def status(name):
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(name + ":"))
    return 1024 * int(line.split()[1])


def limit(room=ROOM):
    """As much as is used now, and a little room: called between two steps, in the run's own thread."""
    release()
    resource.setrlimit(resource.RLIMIT_DATA, (status("VmData") + room, resource.RLIM_INFINITY))


def main(folder, when):
    out = {"output_dir": folder}
    rows = Path(folder) / "rows.jsonl"
    rows.write_text("\n".join(json.dumps({"prompt": "Say it.", "completion": "word " * 100}) for _ in range(400)))
    out |= {"dataset": str(rows), "max_length": 128}
    # A run that fits brings the libraries and what they keep for good.
    first = ftwidgets.train(**(SMALL | {"max_steps": 2, "save_steps": 1, "per_device_train_batch_size": 24}), **out)
    first.wait()
    assert first.error is None, first.error
    first.free()
    release()
    before = status("VmRSS")

    held = {}
    run = ftwidgets.train(**BIG, **out)

    def watch():
        if run.trainer is not None and "model" not in held:
            held["model"], held["trainer"] = weakref.ref(run.model), weakref.ref(run.trainer)
        steps = run.store.rows(0)[:, 0]
        if when and len(steps) and steps[-1] >= when and "limited" not in held:
            held["limited"] = run.between_steps(limit)

    if when == 0:
        limit(2 * ROOM)  # everything is still to be loaded
    run.subscribe(watch)
    run.wait()
    gc.collect()
    after = status("VmRSS")
    seen = {
        "status": run.status,
        "error": run.error,
        "before": before,
        "after": after,
        "collected": [held["model"]() is None, held["trainer"]() is None],
        "facts": run.out_of_memory,
        "live": [run.model is None, run.trainer is None],
    }
    again = ftwidgets.retry(run)  # under the same limit
    again.wait()
    seen |= {
        "again": again.status,
        "again_error": again.error,
        "same_folder": again.folder == run.folder,
        "steps": again.history["step"].dropna().tolist(),
        "config": ftwidgets.load_run(again.folder).config.to_dict(),
        "resumed": again.events.of("resumed"),
        "notes": [note["text"] for note in again.notes],
        "cleared": again.out_of_memory is None,
    }
    sys.stdout.write(json.dumps(seen, default=str) + "\n")


main(sys.argv[1], int(sys.argv[2]))
