"""Reward models: another tokenizer's classifier, and an adapter on the policy's base."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
    PreTrainedTokenizerFast,
)

from ftwidgets.training.loading import load_base
from ftwidgets.training.ppo.build import build_trainer
from ftwidgets.training.ppo.prompts import Prompt, encode_prompts
from ftwidgets.training.ppo.reward_function import RewardError
from ftwidgets.training.ppo.rewards import Answers, FunctionReward, find_reward, load_reward
from ftwidgets.training.ppo.roles import Roles
from ftwidgets.training.reward import build_trainer as build_reward
from tests.training.ppo import tiny

CHAT = [
    [{"role": "user", "content": "say a"}],
    [{"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}],
]


def answers(tokenizer: Any, sources: list[Any], texts: list[str]) -> Answers:
    prompts: list[Prompt] = [encode_prompts(tiny.rows([source]), tokenizer)[0] for source in sources]
    ids = [[*tokenizer(text, add_special_tokens=False)["input_ids"], 4] for text in texts]
    return Answers(prompts, texts, ids)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT with words for tokens: nothing like the policy's letters."""
    folder = tmp_path_factory.mktemp("classifier")
    words = ["[PAD]", "[UNK]", "say", "a", "c", "d", "user:", "assistant:"]
    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"\s+"), "removed")
    PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]", model_max_length=512
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=8, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=12, num_labels=1, initializer_range=0.5,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture
def roles(tmp_path: Path) -> Roles:
    return Roles(tiny.job(tmp_path).model)


@pytest.fixture(scope="module", params=["float32", "4 bits"])
def reward_run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A finished run of method “reward”, and the options of its base."""
    folder = tmp_path_factory.mktemp("reward")
    base: dict[str, Any] = {}
    if request.param == "4 bits":
        base = {"load_in_4bit": True, "bnb_4bit_compute_dtype": "bfloat16", "model": tiny.model_folder("llama", 64)}
    trainer = build_reward(tiny.reward_job(folder, max_steps=10, **base))
    trainer.train()
    trainer.model.save_pretrained(folder / "adapter", selected_adapters=["default"])
    return folder, base


def test_a_classifier_reads_text_through_its_own_tokenizer(classifier: Path, roles: Roles) -> None:
    reward = load_reward(classifier, roles, tiny.tokenizer(), 2, lambda text: None)
    got = reward(answers(tiny.tokenizer(), ["say a ", *CHAT], ["c", "d", "a a a"]), "update 1")
    model = AutoModelForSequenceClassification.from_pretrained(classifier).eval()
    rows = [[2, 3, 4], [2, 3, 5], [6, 4, 7, 5, 3, 3, 3]]  # say a c; say a d; user: c assistant: d a a a
    with torch.no_grad():
        expected = [model(torch.tensor([row])).logits.item() for row in rows]
    assert got == pytest.approx(expected, abs=1e-5)


def test_a_classifier_that_reads_less_sees_the_end(classifier: Path, roles: Roles) -> None:
    notes: list[str] = []
    reward = load_reward(classifier, roles, tiny.tokenizer(), 2, notes.append)
    long = answers(tiny.tokenizer(), ["say " * 20] * 2, ["a", "c"])
    one, other = reward(long, "update 1")
    assert one != other
    reward(long, "update 2")
    assert notes == ["Some answers exceed the 12 tokens that the reward model reads: it sees their end."]


def test_a_classifier_scores_a_run(classifier: Path, tmp_path: Path) -> None:
    job = tiny.job(tmp_path, reward=None, max_steps=2)
    job.config = job.config.replace(reward=str(classifier))
    trainer = build_trainer(job)
    trainer.train()
    assert len(set(trainer.job.context.of("rollouts")[0]["score"])) > 1


def test_a_classifier_with_several_outputs(classifier: Path, roles: Roles, tmp_path: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(classifier, num_labels=3, ignore_mismatched_sizes=True)
    model.save_pretrained(tmp_path / "three")
    for file in classifier.glob("tokenizer*"):
        (tmp_path / "three" / file.name).write_bytes(file.read_bytes())
    with pytest.raises(RewardError, match="3 outputs"):
        load_reward(tmp_path / "three", roles, tiny.tokenizer(), 2, lambda text: None)


def test_an_adapter_scores_as_the_model_it_was_trained_as(reward_run: tuple[Path, dict], tmp_path: Path) -> None:
    folder, base = reward_run
    config = tiny.reward_job(tmp_path, **base).config
    trained = PeftModel.from_pretrained(load_base(config), folder / "adapter").eval()
    for module in trained.modules():
        module.support_avx512bf16_for_cpu = False
    some = answers(tiny.tokenizer(), CHAT, ["aab", "bbbbb"])
    expected = []
    for prompt, ids in zip(some.prompts, some.ids, strict=True):
        row = torch.tensor([[*prompt.ids, *ids]])
        with torch.no_grad():
            expected.append(trained(input_ids=row, attention_mask=torch.ones_like(row)).logits.float().item())

    roles = Roles(tiny.job(tmp_path, **base).model)
    reward = load_reward(find_reward(str(folder), "runs"), roles, tiny.tokenizer(), 8, lambda text: None)
    tolerance = 1e-4 if not base else 0.02 * max(map(abs, expected))  # bfloat16 has 8 bits
    assert reward(some, "update 1") == pytest.approx(expected, abs=tolerance)
    assert all(p.requires_grad for p in (*roles.policy_parameters, *roles.value_parameters))
    assert not any(p.requires_grad for n, p in roles.model.named_parameters() if ".reward." in n)


def test_an_adapter_scores_a_run_and_stays_as_it_was(reward_run: tuple[Path, dict], tmp_path: Path) -> None:
    folder, base = reward_run
    job = tiny.job(tmp_path, reward=None, save_steps=2, **base)
    job.config = job.config.replace(reward=str(folder))
    trainer = build_trainer(job)
    before = {n: p.clone() for n, p in trainer.model.named_parameters() if ".reward." in n}
    trainer.train()
    assert before
    assert all(torch.equal(p, before[n]) for n, p in trainer.model.named_parameters() if n in before)
    assert not (tmp_path / "checkpoints" / "checkpoint-2" / "reward").exists()
    assert job.context.of("note") == []


def test_an_adapter_of_another_base_is_refused(reward_run: tuple[Path, dict], tmp_path: Path) -> None:
    folder, _ = reward_run
    roles = Roles(tiny.job(tmp_path, model=tiny.model_folder("llama", 48)).model)
    notes: list[str] = []
    with pytest.raises(RewardError, match="does not fit the policy's base"):
        load_reward(folder / "adapter", roles, tiny.tokenizer(), 8, notes.append)
    assert "was trained on" in notes[0]


def test_a_policys_adapter_is_no_reward(roles: Roles, tmp_path: Path) -> None:
    roles.model.save_pretrained(tmp_path / "policy", selected_adapters=["default"])
    with pytest.raises(RewardError, match="without a scoring head"):
        load_reward(tmp_path / "policy", roles, tiny.tokenizer(), 8, lambda text: None)


def test_where_a_reward_is_found(tmp_path: Path) -> None:
    (tmp_path / "runs" / "my-run" / "adapter").mkdir(parents=True)
    (tmp_path / "runs" / "my-run" / "adapter" / "adapter_config.json").write_text(json.dumps({}))
    expected = tmp_path / "runs" / "my-run" / "adapter"
    assert find_reward("my-run", str(tmp_path / "runs")) == expected
    assert find_reward(str(tmp_path / "runs" / "my-run"), "elsewhere") == expected
    assert find_reward(str(expected), "elsewhere") == expected
    with pytest.raises(RewardError, match="no reward model there"):
        find_reward("your-run", str(tmp_path / "runs"))


def test_a_slow_function_is_noted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 30.0, 30.0, 60.0])
    monkeypatch.setattr("ftwidgets.training.ppo.rewards.time.perf_counter", lambda: next(clock))
    notes: list[str] = []
    reward = FunctionReward(tiny.early, notes.append)
    some = answers(tiny.tokenizer(), ["x"], ["a"])
    reward(some, "update 1")
    reward(some, "update 2")
    assert notes == ["The reward function took 30 s in update 1; every update waits for it as long."]
