"""Pause and poke: the run that was paused and asked is the run that was not, bit for bit."""

import threading

import torch
from safetensors.torch import load_file

import ftwidgets
from ftwidgets.runs import LiveRun
from tests.patience import PATIENCE

SHORT = {
    "method": "sft",
    "max_steps": 6,
    "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 1,
    "lora_dropout": 0.1,  # so that a disturbed random state would show
    "test_size": 0,
    "seed": 7,
}


def finish(run):
    assert run.wait(PATIENCE) == "finished", run.error
    history = run.history.loc[run.history.step > 0, ["loss", "grad_norm", "learning_rate"]]
    return history.to_numpy(), load_file(run.folder / "adapter" / "adapter_model.safetensors")


def test_a_paused_and_asked_run_is_exactly_the_one_left_alone(train, before_step):
    alone_history, alone = finish(train(**SHORT))

    before_step(2, LiveRun.pause)
    run = train(**SHORT)
    paused = threading.Event()
    run.subscribe(lambda: paused.set() if run.status == "paused" else None)
    assert paused.wait(PATIENCE), run.error
    assert max(run.history["step"]) == 2
    pieces = []
    options = {"max_new_tokens": 8, "temperature": 1.0, "seed": 5}
    with_adapter = ftwidgets.ask(run, "What is 7 plus 5?", on_text=pieces.append, **options).result(PATIENCE)
    base = ftwidgets.ask(run, "What is 7 plus 5?", adapter=False, **options).result(PATIENCE)
    again = ftwidgets.ask(run, "What is 7 plus 5?", **options).result(PATIENCE)
    assert with_adapter == again, "the same seed gives the same answer"
    assert "".join(pieces).strip() == with_adapter, "what was streamed is what was answered"
    assert base
    run.resume()

    history, adapter = finish(run)
    assert "paused" in [e["status"] for e in run.events.of("status")]
    assert (history == alone_history).all()
    assert alone.keys() == adapter.keys()
    for name, tensor in alone.items():
        assert torch.equal(tensor, adapter[name]), name


def test_a_saved_run_can_be_loaded_and_asked_again(train):
    run = train(**SHORT)
    finish(run)
    prompt = "Which day comes after Friday?"
    live = ftwidgets.ask(run, prompt, max_new_tokens=8).result(PATIENCE)
    from ftwidgets.runs.store import forget

    forget(run)
    stored = ftwidgets.load_run(run.folder)
    assert stored.model is None
    assert ftwidgets.ask(ftwidgets.load_model(stored), prompt, max_new_tokens=8).result(PATIENCE) == live
