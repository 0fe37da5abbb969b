"""Blind comparisons with the built-in model: one base answers for all, live or from folders."""

import shutil
import threading

import pytest
import torch
from safetensors.torch import load_file, save_file

import ftwidgets
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import store
from ftwidgets.training import contenders
from ftwidgets.training.generation import complete
from ftwidgets.training.loading import load_base, load_tokenizer, load_trained
from tests.patience import PATIENCE

PROMPTS = ["What is 7 plus 5?", "Which day comes after Friday?", [{"role": "user", "content": "What is hot?"}]]
SHORT = {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 1, "max_new_tokens": 12, "general_text": None}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = ftwidgets.train(
        method="sft", max_steps=4, save_steps=2, learning_rate=0.1, warmup_steps=0, run_name="mine",
        output_dir=str(tmp_path_factory.mktemp("runs")), max_eval_samples=8, **SHORT,
    )  # fmt: skip
    assert run.wait(PATIENCE) == "finished", run.error
    return run


@pytest.fixture(scope="module")
def wanted(run):
    """Each contender's answers, from a model loaded for it alone."""

    def answers(folder):
        model = load_trained(load_base(run.config), run.folder / folder)
        tokenizer = load_tokenizer(run.config)
        return [
            complete(model, tokenizer, PROMPTS, max_new_tokens=12, temperature=0.7, seed=0, adapter=on)
            for on in (True, False)
        ]

    last, base = answers("adapter")
    return {"mine": last, "base": base, "mine, step 2": answers("checkpoints/checkpoint-2")[0]}


def said(blind):
    assert blind.wait(PATIENCE), blind.view
    record = blind.record
    return {name: record.completions[i] for i, name in enumerate(record.contenders)}


def test_a_live_runs_model_answers_and_is_left_as_it_was(run, wanted, tmp_path):
    before = set(run.model.peft_config), run.model.active_adapter
    blind = ftwidgets.BlindComparison(run, (run, 2), "base", prompts=PROMPTS, file=tmp_path / "x.jsonl")
    assert said(blind) == wanted
    assert len({tuple(answers) for answers in wanted.values()}) == 3, "else nothing was switched"
    assert (set(run.model.peft_config), run.model.active_adapter) == before


def test_runs_from_folders_bring_their_base(run, wanted, tmp_path):
    store.forget(run)
    try:
        blind = ftwidgets.BlindComparison(
            run.folder, run.folder / "checkpoints" / "checkpoint-2", "base", prompts=PROMPTS, file=tmp_path / "x.jsonl"
        )
        assert blind.runs[0].model is None
        assert said(blind) == wanted
    finally:
        store._live[str(run.folder.resolve())] = run


def test_the_same_call_goes_on_without_a_model(run, monkeypatch):
    first = ftwidgets.BlindComparison(run, prompts=PROMPTS)
    assert first.wait(PATIENCE), first.view
    while "match" in first.view:
        first.judge("right")
    decided = len(first.record.verdicts)
    assert decided and first.record.path.parent == run.folder / "blind"
    first.close()
    monkeypatch.setattr(ftwidgets.BlindComparison, "_answer", None)  # nobody has to answer again
    again = ftwidgets.BlindComparison(run, prompts=PROMPTS)
    assert again.wait(PATIENCE) and len(again.record.verdicts) == decided
    tally = again.tally
    assert tally[["wins", "losses", "ties", "both bad", "same answer"]].to_numpy().sum() == len(PROMPTS)
    assert list(again.choices.columns) == ["prompt", "left", "right", "preferred"]


def test_prompts_of_the_run_are_asked_by_default(run):
    blind = ftwidgets.BlindComparison(run, count=11, max_new_tokens=1, temperature=0)
    assert blind.wait(PATIENCE), blind.view
    prompts = blind.record.prompts
    assert prompts[:9] == ftwidgets.demo.probe_prompts() and len(prompts) == 11


def test_stopped_answers_go_on(run, tmp_path, monkeypatch):
    blind, made = None, threading.Event()
    ask = contenders.complete

    def ask_and_stop(*arguments, adapter, **keywords):
        if adapter is not False:
            made.wait(PATIENCE)
            blind.cancel()
        return ask(*arguments, adapter=adapter, **keywords)

    monkeypatch.setattr(contenders, "complete", ask_and_stop)
    monkeypatch.setattr(contenders, "BATCH", 1)
    blind = ftwidgets.BlindComparison(run, prompts=PROMPTS, file=tmp_path / "x.jsonl")
    made.set()
    assert not blind.wait(PATIENCE) and blind.view["phase"] == "stopped"
    monkeypatch.setattr(contenders, "complete", ask)
    blind.again()
    assert blind.wait(PATIENCE), blind.view
    assert (tmp_path / "x.jsonl").read_text(encoding="utf-8").count('"completions"') == 4  # two lines, twice the word


def test_who_cannot_be_compared_is_told(run, tmp_path):
    for given, words in (
        ((), "Nobody"),
        ((run, run), "twice"),
        (((run, 3),), "kept of steps: 2, 4"),
        ((tmp_path,), "No run in"),
    ):
        with pytest.raises(FtwidgetsError, match=words):
            ftwidgets.BlindComparison(*given)
    with pytest.raises(FtwidgetsError, match="the list is empty"):
        ftwidgets.BlindComparison(run, prompts=[])
    long = ftwidgets.BlindComparison(run, prompts=["word " * 5000])
    assert not long.wait(PATIENCE) and "longer than the model's context" in long.view["text"]


def test_an_adapter_of_another_base_is_told(run, tmp_path):
    shutil.copytree(run.folder, tmp_path / "other", ignore=shutil.ignore_patterns("blind"))
    file = tmp_path / "other" / "adapter" / "adapter_model.safetensors"
    tensors = load_file(file)
    save_file({name: torch.cat([t, t]) for name, t in tensors.items()}, file, metadata={"format": "pt"})
    blind = ftwidgets.BlindComparison(run, tmp_path / "other", prompts=PROMPTS)
    assert not blind.wait(PATIENCE) and "another base" in blind.view["text"], blind.view
    file.write_bytes(file.read_bytes()[:-100])
    blind = ftwidgets.BlindComparison(run, tmp_path / "other", prompts=PROMPTS)
    assert not blind.wait(PATIENCE) and "damaged" in blind.view["text"], blind.view


def test_ppo_has_more_adapters_than_the_policy_and_keeps_them(train):
    run = train(
        method="ppo", reward=lambda prompts, completions: [float(len(c)) for c in completions], max_steps=2,
        save_steps=1, learning_rate=0.1, response_length=4, num_ppo_epochs=1, max_eval_samples=2, **SHORT,
    )  # fmt: skip
    assert run.wait(PATIENCE) == "finished", run.error
    before = set(run.model.peft_config)
    blind = ftwidgets.BlindComparison(run, (run, 1), "base", prompts=PROMPTS)
    answers = said(blind)
    assert len({tuple(each) for each in answers.values()}) == 3
    assert set(run.model.peft_config) == before > {"default"}
