"""A process that trains, runs out of memory and goes on, for test_out_of_memory. Prints what it saw as JSON."""

import gc
import json
import resource
import sys
import threading
import weakref
from pathlib import Path

import ftwidgets
from ftwidgets.training.device import release
from ftwidgets.training.reporter import Reporter
from ftwidgets.widgets.out_of_memory import OutOfMemory

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


def walk(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def settle(studio):
    """Until the form has read model and rows in the background, so that nothing runs beside the training."""
    moment = threading.Event()
    while studio._model._worker._busy or studio._data._worker._busy or studio._fit._worker._busy:
        moment.wait(0.05)


def main(folder, when):
    out = {"output_dir": folder}
    rows = Path(folder) / "rows.jsonl"
    rows.write_text("\n".join(json.dumps({"prompt": "Say it.", "completion": "word " * 100}) for _ in range(400)))
    out |= {"dataset": str(rows), "max_length": 128}
    # A run that fits brings the libraries and what they keep for good.
    fits = SMALL | {"max_steps": 2, "save_steps": 1, "per_device_train_batch_size": 24}
    studio = ftwidgets.Studio(**fits, **out)
    settle(studio)
    studio.train()
    first = studio.run
    first.wait()
    assert first.error is None, first.error
    first.free()
    release()
    before = status("VmRSS")

    held = []
    begin = Reporter.on_step_begin

    def on_step_begin(reporter, args, state, control, **more):
        if state.global_step == when:
            Reporter.on_step_begin = begin
            held.extend([weakref.ref(studio.run.model), weakref.ref(studio.run.trainer)])
            if when:
                limit()
        begin(reporter, args, state, control, **more)

    Reporter.on_step_begin = on_step_begin
    studio.fill(**BIG, save_steps=100)
    settle(studio)
    if when == 0:
        limit(2 * ROOM)  # everything is still to be loaded
    studio.train()
    run = studio.run
    run.wait()
    gc.collect()
    after = status("VmRSS")
    seen = {
        "status": run.status,
        "error": run.error,
        "before": before,
        "after": after,
        "collected": [each() is None for each in held],
        "facts": run.out_of_memory,
        "live": [run.model is None, run.trainer is None],
    }
    shortage = next(w for w in walk(studio) if isinstance(w, OutOfMemory))
    shortage.button.click()  # under the same limit
    again = studio.run
    again.wait()
    seen |= {
        "pressed": shortage.button.description,
        "form": studio.config.to_dict(),
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
