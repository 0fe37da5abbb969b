"""Forgetting measured along runs: against transformers' own loss, without a trace in the training."""

from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

import ftwidgets
from ftwidgets import demo
from ftwidgets.config import ConfigError
from ftwidgets.runs.forgetting import forgetting
from ftwidgets.runs.story import story
from ftwidgets.training import forgetting as measuring
from ftwidgets.training.forgetting import BUILT_IN, GeneralText, general_text, text_losses, windows
from tests.patience import PATIENCE

SHORT = {
    "max_steps": 6,
    "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 1,
    "lora_dropout": 0.1,  # so that a disturbed random state would show
    "test_size": 0,
    "seed": 7,
    "max_new_tokens": 1,
}


@pytest.fixture(scope="module")
def model():
    return AutoModelForCausalLM.from_pretrained(demo.model_folder(), dtype=torch.float32)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(demo.model_folder())


def test_losses_are_transformers_own(model, tokenizer, monkeypatch):
    texts = [tokenizer(line)["input_ids"] for line in ("A fox found a boat.", "Hot? " * 30, "The bee had tea.")]
    wanted = []
    for ids in texts:
        ids = torch.tensor([ids])
        with torch.no_grad():
            wanted.append(model(input_ids=ids, labels=ids).loss.item())
    model.train()
    before = torch.get_rng_state()
    assert text_losses(model, texts) == pytest.approx(wanted, abs=1e-5)
    assert model.training and torch.equal(before, torch.get_rng_state())
    # as many rows and positions at once as there is room for, down to one
    monkeypatch.setattr(measuring, "LOGITS", 1)
    monkeypatch.setattr(measuring, "TILE", 1)
    assert text_losses(model, texts) == pytest.approx(wanted, abs=1e-5)


def test_windows_are_spread_and_bounded():
    rows = [list(range(20)), list(range(7)), list(range(300)), list(range(260))]
    assert [len(w) for w in windows(rows, 16, 256)] == [20, 256, 44, 256]  # rests of 4 and 7 tokens are too short
    assert [len(w) for w in windows(rows, 2, 256)] == [20, 44]
    assert windows([[1, 2, 3]], 16, 256) == []


@pytest.mark.parametrize(
    ("eval_steps", "steps", "seconds", "turns"),
    [
        (0, 60, 1.0, [20, 40]),  # one second in twenty is 5%; a turn that was due at 6 waits until 20
        (50, 60, 1.0, [20, 40]),  # a run hardly longer than eval_steps has a curve all the same
        (50, 16, 38.8, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),  # every step, and 1 s of 38.8 each
        (50, 16, 7.0, [3, 6, 9, 12, 15]),  # 20 s of training a turn: 21, 42, ... seconds
        (3, 60, 100.0, list(range(3, 60, 3))),  # the person wants it more often than ten times
        (200, 1000, 100.0, list(range(100, 1000, 100))),  # ten times, though evaluation is rarer
    ],
)
def test_a_turn_is_taken_when_it_is_time_and_costs_little(monkeypatch, eval_steps, steps, seconds, turns):
    monkeypatch.setattr(measuring, "text_losses", lambda model, texts: [1.0])
    ticks = iter(range(1000))
    context = SimpleNamespace(progress=lambda *a, **k: None, emit=lambda type, **f: told.append((type, f["step"])))
    told: list = []
    text = GeneralText(SimpleNamespace(eval_steps=eval_steps), context, None, [[1, 2]], clock=lambda: next(ticks))
    text.measure(0)  # takes one second
    for step in range(steps):
        text.take_turn(step, 0.0, steps, step * seconds)
    assert [step for type, step in told if type == "general"] == [0, *turns]


def test_a_resumed_run_takes_its_next_turn(monkeypatch):
    monkeypatch.setattr(measuring, "text_losses", lambda model, texts: [1.0])
    told: list = []
    context = SimpleNamespace(progress=lambda *a, **k: None, emit=lambda type, **f: told.append((type, f["step"])))
    text = GeneralText(SimpleNamespace(eval_steps=0), context, None, [[1, 2]], clock=lambda: 0.0)
    for step in range(45, 100):
        text.take_turn(step, 0.0, 100, 1.0)
    assert [step for type, step in told if type == "general"] == [50, 60, 70, 80, 90]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """One short run with measuring along it, however long it takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "SHARE", 1e9)
        run = ftwidgets.train(method="sft", output_dir=str(tmp_path_factory.mktemp("runs")), **SHORT)
        assert run.wait(PATIENCE) == "finished", run.error
    return run


def test_the_curve_has_its_points_and_the_story_its_verdict(measured):
    curve = measured.history.set_index("step")["eval_general_perplexity"].dropna()
    assert list(curve.index) == [0, 1, 2, 3, 4, 5, 6]
    found = forgetting(measured)
    assert (found.before, found.after) == (pytest.approx(curve[0]), pytest.approx(curve[6]))
    assert any("general text" in line for line in story(measured))
    again = forgetting(ftwidgets.load_run(measured.folder))
    assert again == found


def test_a_measured_run_is_exactly_the_one_left_alone(measured, train):
    alone = train(method="sft", general_text=None, **SHORT)
    assert alone.wait(PATIENCE) == "finished", alone.error
    assert not alone.events.of("general") and "eval_general_loss" not in alone.history
    names = ["loss", "grad_norm", "learning_rate"]
    of = [run.history.loc[run.history.step > 0, names].to_numpy() for run in (measured, alone)]
    assert (of[0] == of[1]).all()
    one, other = (load_file(run.folder / "adapter" / "adapter_model.safetensors") for run in (measured, alone))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    "method",
    [
        {"method": "dpo"} | SHORT,
        {
            "method": "ppo",
            "reward": lambda prompts, completions: [float(len(c)) for c in completions],
            "max_steps": 2,
            "test_size": 0,
            "per_device_train_batch_size": 2,
            "response_length": 4,
            "max_new_tokens": 1,
        },
    ],
    ids=["dpo", "ppo"],
)
def test_other_methods_are_measured_before_and_after(train, method):
    run = train(**method)
    assert run.wait(PATIENCE) == "finished", run.error
    assert {e["step"] for e in run.events.of("general")} >= {0, run.config.max_steps}
    assert forgetting(run) is not None


def test_reward_models_have_no_text_to_forget():
    assert ftwidgets.RunConfig(method="reward").general_text is None
    with pytest.raises(ConfigError, match="not used by reward"):
        ftwidgets.RunConfig(method="reward", general_text="builtin")


def test_a_file_of_ones_own(train, tmp_path, model, tokenizer):
    file = tmp_path / "mine.txt"
    file.write_text("The harbour was quiet that morning.\n\n" * 3 + "short", encoding="utf-8")
    config = ftwidgets.RunConfig(method="sft", general_text=str(file))
    assert len(general_text(config, None, model, tokenizer).texts) == 3
    file.write_text("no", encoding="utf-8")
    for path, words in ((file, "no text of 8 tokens"), (tmp_path / "none.txt", "none.txt")):
        run = train(method="sft", general_text=str(path), **SHORT)
        assert run.wait(PATIENCE) == "failed"
        assert words in run.error and "general_text=" in run.error and "builtin" in run.error


def test_the_built_in_texts_suit_any_model(tokenizer):
    config = ftwidgets.RunConfig(method="sft", model="some/other")
    found = general_text(config, None, None, tokenizer)
    assert len(found.texts) == 16 and all(8 <= len(ids) <= 256 for ids in found.texts)
    lines = BUILT_IN.read_text(encoding="utf-8")
    assert sum("一" <= c <= "鿿" for c in lines) > 500 and sum(c.isascii() for c in lines) > 2000


def test_harsh_pretraining_forgets_and_gentle_sft_does_not(train):
    harsh = train(method="pretrain", learning_rate=2e-2, max_steps=30, warmup_steps=0, max_new_tokens=1)
    assert harsh.wait(PATIENCE) == "finished", harsh.error
    assert "Much was forgotten" in " ".join(story(harsh))
    assert any("instruct" in note["text"] for note in harsh.notes)
    gentle = train(method="sft", learning_rate=1e-4, max_steps=10, max_new_tokens=1)
    assert gentle.wait(PATIENCE) == "finished", gentle.error
    assert "No sign of forgetting" in " ".join(story(gentle))
    assert not any("instruct" in note["text"] for note in gentle.notes)
