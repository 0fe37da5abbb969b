"""What scores the answers: a function, a sequence classifier, or a reward adapter on the policy's own base."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from peft import LoraConfig, set_peft_model_state_dict
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from ftwidgets.training.generation import resting
from ftwidgets.training.ppo.prompts import Prompt
from ftwidgets.training.ppo.reward_function import SLOW_SECONDS, RewardError, RewardFunction, call_reward
from ftwidgets.training.ppo.roles import REWARD, Roles


@dataclass(frozen=True)
class Answers:
    """Answers to score: one text and one list of token ids (stop token included) for each prompt."""

    prompts: Sequence[Prompt]
    texts: list[str]
    ids: list[list[int]]


class Reward(Protocol):
    """Scores answers."""

    def __call__(self, answers: Answers, where: str) -> list[float]: ...


class FunctionReward:
    """A Python function ``reward(prompts, completions) -> floats`` over texts."""

    def __init__(self, function: RewardFunction, note: Callable[[str], None]):
        self.function = function
        self.note = note
        self._told = False

    def __call__(self, answers: Answers, where: str) -> list[float]:
        begun = time.perf_counter()
        scores = call_reward(self.function, [p.text for p in answers.prompts], answers.texts, where)
        seconds = time.perf_counter() - begun
        if seconds > SLOW_SECONDS and not self._told:
            self._told = True
            self.note(f"The reward function took {seconds:.0f} s in {where}; every update waits for it as long.")
        return scores


class ClassifierReward:
    """A sequence classifier with one output, which reads the answers through its own tokenizer and template."""

    def __init__(self, folder: Path, device: torch.device, batch_size: int, note: Callable[[str], None]):
        self.folder = folder
        self.batch_size = batch_size
        self.note = note
        self._told = False
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(folder)
            self.model = AutoModelForSequenceClassification.from_pretrained(
                folder, use_safetensors=True, dtype="auto", device_map={"": device}
            )
        except (OSError, ValueError, KeyError) as error:
            raise RewardError(
                f"reward={str(folder)!r} cannot be loaded as a sequence classifier: {str(error).splitlines()[0]} "
                "It needs config.json, safetensors weights and tokenizer files."
            ) from error
        if self.model.config.num_labels != 1:
            raise RewardError(
                f"reward={str(folder)!r} has {self.model.config.num_labels} outputs, a reward model has one. Wrap it "
                "in a function reward(prompts, completions) that picks the number you mean."
            )
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.model.config.get_text_config().pad_token_id = self.tokenizer.pad_token_id
        self.tokenizer.truncation_side = "left"  # the answer is at the end
        self.model.eval()

    def __call__(self, answers: Answers, where: str) -> list[float]:
        texts = [self._text(p, text) for p, text in zip(answers.prompts, answers.texts, strict=True)]
        positions = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        limit = min(positions or 2**20, self.tokenizer.model_max_length)
        scores: list[float] = []
        for start in range(0, len(texts), self.batch_size):
            some = texts[start : start + self.batch_size]
            rows = self.tokenizer(some, add_special_tokens=not self._templated)["input_ids"]
            if max(map(len, rows)) > limit:
                self._tell(f"Some answers exceed the {limit} tokens that the reward model reads: it sees their end.")
            batch = self.tokenizer(
                some,
                add_special_tokens=not self._templated,
                truncation=True,
                max_length=limit,
                padding=True,
                padding_side="right",
                return_tensors="pt",
            )
            with torch.no_grad():
                logits = self.model(**batch.to(self.model.device)).logits
            scores += logits.float().squeeze(-1).tolist()
        return _finite(scores, where)

    @property
    def _templated(self) -> bool:
        return bool(self.tokenizer.chat_template)

    def _text(self, prompt: Prompt, completion: str) -> str:
        if not self._templated:
            return prompt.text + ("" if isinstance(prompt.source, str) else "\n") + completion
        turns = prompt.source if isinstance(prompt.source, list) else [{"role": "user", "content": prompt.source}]
        turns = [*turns, {"role": "assistant", "content": completion}]
        return self.tokenizer.apply_chat_template(turns, tokenize=False)

    def _tell(self, text: str) -> None:
        if not self._told:
            self._told = True
            self.note(text)


class AdapterReward:
    """A reward model trained by ``method="reward"`` on the policy's base: one more adapter and a scalar head."""

    def __init__(self, folder: Path, roles: Roles, tokenizer: Any, batch_size: int):
        self.roles = roles
        self.batch_size = batch_size
        self.padding = tokenizer.pad_token_id
        weights = load_file(folder / "adapter_model.safetensors")
        heads = [name for name in weights if name.endswith("score.weight")]
        if len(heads) != 1 or weights[heads[0]].shape[0] != 1:
            raise RewardError(
                f"reward={str(folder)!r} is an adapter without a scoring head. Give the adapter of a run of "
                "method “reward”."
            )
        hidden = roles.model.get_output_embeddings().weight
        self.head = weights.pop(heads[0]).float().to(hidden.device)
        config = replace(
            LoraConfig.from_pretrained(folder), task_type="CAUSAL_LM", modules_to_save=None, inference_mode=True
        )
        try:
            roles.model.add_adapter(REWARD, config)
            result = set_peft_model_state_dict(roles.model, weights, adapter_name=REWARD)
        except (RuntimeError, ValueError) as error:
            raise _other_base(folder, roles, str(error).splitlines()[0]) from error
        if result.unexpected_keys or self.head.shape[1] != hidden.shape[1]:
            raise _other_base(folder, roles, "its layers are not those of the policy's base.")
        for name, parameter in roles.model.named_parameters():
            if f".{REWARD}." in name:
                parameter.requires_grad_(False)
        roles.model.set_adapter("default")
        roles.train_both()

    def __call__(self, answers: Answers, where: str) -> list[float]:
        rows = [[*p.ids, *ids] for p, ids in zip(answers.prompts, answers.ids, strict=True)]
        scores: list[float] = []
        with resting(self.roles.model), self.roles.reward():
            for start in range(0, len(rows), self.batch_size):
                scores += self._scores(rows[start : start + self.batch_size]).tolist()
        return _finite(scores, where)

    def _scores(self, rows: list[list[int]]) -> Tensor:
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(r) for r in rows], True, self.padding).to(self.head.device)
        lengths = torch.tensor([len(r) for r in rows], device=ids.device)
        places = torch.arange(ids.shape[1], device=ids.device)
        # Read where transformers' classifiers read in training: at the last token that is not the padding token.
        last = torch.where((places < lengths[:, None]) & (ids != self.padding), places, -1).max(1).values.clamp(min=0)
        hidden = self.roles.hidden(ids, (places < lengths[:, None]).long())
        return F.linear(hidden[torch.arange(len(rows), device=ids.device), last].float(), self.head).squeeze(-1)


def find_reward(reward: str, output_dir: str) -> Path:
    """The folder that ``config.reward`` means: a model's or an adapter's folder, a run's folder, or a run's id.

    Raises:
        RewardError: There is no such folder.
    """
    for base in (Path(reward).expanduser(), Path(output_dir).expanduser() / reward):
        if (base / "adapter" / "adapter_config.json").is_file():
            return base / "adapter"
        if (base / "config.json").is_file() or (base / "adapter_config.json").is_file():
            return base
    raise RewardError(
        f"reward={reward!r}: no reward model there. Give a function, the folder of a sequence classifier, "
        "or a finished run of method “reward”."
    )


def load_reward(
    folder: Path, roles: Roles, tokenizer: Any, batch_size: int, note: Callable[[str], None]
) -> ClassifierReward | AdapterReward:
    """The reward model in ``folder``: an adapter goes on the policy's base, anything else is loaded beside it."""
    if not (folder / "adapter_config.json").is_file():
        return ClassifierReward(folder, roles.model.device, batch_size, note)
    theirs = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8")).get("base_model_name_or_path")
    mine = roles.model.get_base_model().config._name_or_path
    if theirs and mine and Path(theirs).name != Path(mine).name:
        note(
            f"The reward adapter was trained on {theirs}, the policy's base is {mine}. "
            "If these are not the same weights, its scores mean nothing."
        )
    return AdapterReward(folder, roles, tokenizer, batch_size)


def _other_base(folder: Path, roles: Roles, reason: str) -> RewardError:
    return RewardError(
        f"reward={str(folder)!r} does not fit the policy's base {roles.model.get_base_model().config._name_or_path}: "
        f"{reason} Train the reward model on the same base, or give a sequence classifier's folder."
    )


def _finite(scores: list[float], where: str) -> list[float]:
    bad = [i for i, score in enumerate(scores) if score != score or abs(score) == float("inf")]
    if bad:
        raise RewardError(
            f"The reward model gave {scores[bad[0]]} to answer {bad[0]} of {where}. Its weights may be damaged."
        )
    return scores
