"""Examples as the trainers tokenise them, with the tokens that are learnt.

Follows TRL 1.16 step by step (`SFTTrainer._prepare_dataset`, `DPOTrainer._prepare_dataset` and their collators) and
our reward model's and PPO's own encoding, but needs neither torch nor a model. Tests hold it against the real ones.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from ftwidgets.data.preflight.end_tokens import stop_ids, without_tail
from ftwidgets.data.preflight.sequences import Encoded, Part
from ftwidgets.data.preflight.token_view import Token, tokens_of
from ftwidgets.errors import FtwidgetsError

PAIRWISE = ("dpo", "orpo", "simpo")
_MARKS = re.compile(r"\{%-?\s*generation\s*-?%\}")


class Encoder:
    """Turns canonical examples into tokens the way a method's trainer does.

    Args:
        tokenizer: A transformers tokenizer with the chat template that training uses.
        method: sft, dpo, orpo, simpo, reward, ppo or pretrain.
        train_on: For SFT: ``auto``, ``completion``, ``assistant`` or ``all``.
        marked_template: A version of the chat template with ``{% generation %}`` marks, where its own has none and
            the trainer would replace it.
        stops: Ids that end an answer besides the tokenizer's own (a model's generation config), for reward models.
    """

    def __init__(
        self,
        tokenizer: Any,
        method: str = "sft",
        train_on: str = "auto",
        marked_template: str | None = None,
        stops: Sequence[int] = (),
    ) -> None:
        self.tokenizer = tokenizer
        self.method = method
        self.train_on = train_on or "auto"
        self._template = marked_template if not has_marks(tokenizer) else None
        self._marked = has_marks(tokenizer) or marked_template is not None
        self._lock = threading.Lock()  # a fast tokenizer may not be used by two threads at once
        self._stops = sorted({*stop_ids(tokenizer), *stops}) if method == "reward" else []

    @property
    def learns(self) -> str:
        """Which tokens are learnt, in words."""
        if self.method in PAIRWISE:
            return "the chosen and the rejected answer"
        if self.method == "reward":
            return "the score at the last token of each answer"
        if self.method == "ppo":
            return "the answers that will be sampled; of these prompts nothing"
        if self.method == "pretrain" or self.train_on == "all":
            return "all tokens"
        if self.train_on in ("auto", "assistant") and self._marked:
            return "every turn of the assistant, as the chat template marks it"
        return "the last answer"

    def encode(self, example: dict[str, Any]) -> Encoded:
        """One example's tokens.

        Raises:
            FtwidgetsError: The chat template refuses the row, or does not mark what should be learnt.
        """
        try:
            with self._lock:
                return self._encode(example)
        except FtwidgetsError:
            raise
        except Exception as error:
            raise FtwidgetsError(f"The chat template cannot render the row: {error}") from error

    def tokens(self, part: Part, most: int | None = None) -> list[Token]:
        """The first tokens of a sequence, each with its text and flags."""
        with self._lock:
            return tokens_of(part if most is None else part.start(most), self.tokenizer)

    def _encode(self, example: dict[str, Any]) -> Encoded:
        if self.method in PAIRWISE:
            return self._pair(example)
        if self.method == "reward":
            return self._scored_pair(example)
        if self.method == "ppo":
            ids = self._prompt_ids(example["prompt"])
            return Encoded((_part("prompt", ids, [False] * len(ids), len(ids)),))
        if self.method == "pretrain":
            return self._text(example["text"])
        return self._chat(example)

    def _text(self, text: str) -> Encoded:
        ids = self._ids(_ended(text, self.tokenizer))
        return Encoded((_part("row", ids, [True] * len(ids), 0),))

    def _chat(self, example: dict[str, Any]) -> Encoded:
        if "messages" not in example:
            prompt, answer = example["prompt"], _ended(example["completion"], self.tokenizer)
            return self._answered(self._ids(prompt), self._ids(prompt + answer), self.train_on != "all")
        messages = example["messages"]
        if self.train_on == "all":
            ids = self._ids(messages)
            return Encoded((_part("row", ids, [True] * len(ids), 0),))
        if self.train_on in ("auto", "assistant") and self._marked:
            return self._marked_turns(messages)
        if self.train_on == "assistant":
            raise FtwidgetsError(
                "The chat template does not mark the assistant's tokens ({% generation %}). "
                "Use train_on='completion', or a template that marks them."
            )
        prompt_ids = self._ids(messages[:-1], add_generation_prompt=True)
        return self._answered(prompt_ids, self._ids(messages), True)

    def _marked_turns(self, messages: list[dict[str, str]]) -> Encoded:
        found = self._processed(messages, return_assistant_tokens_mask=True, chat_template=self._template)
        ids, mask = found["input_ids"], found.get("assistant_masks") or [0] * len(found["input_ids"])
        first = next((i for i, bit in enumerate(mask) if bit), len(mask))
        return Encoded((_part("row", ids, [bool(bit) for bit in mask], first),))

    def _answered(self, prompt: list[int], whole: list[int], answer_only: bool) -> Encoded:
        start = _common(prompt, whole)
        trained = [not answer_only] * start + [True] * (len(whole) - start)
        return Encoded((_part("row", whole, trained, start),), start < len(prompt), prompt[start:])

    def _pair(self, example: dict[str, Any]) -> Encoded:
        prompt = example["prompt"]
        if isinstance(prompt, str):
            sides = [prompt + _ended(example[side], self.tokenizer) for side in ("chosen", "rejected")]
            asked, chosen, rejected = self._ids(prompt), self._ids(sides[0]), self._ids(sides[1])
        else:
            asked = self._ids(prompt, add_generation_prompt=True)
            chosen, rejected = self._ids([*prompt, *example["chosen"]]), self._ids([*prompt, *example["rejected"]])
        start = min(_common(asked, chosen), _common(asked, rejected))
        parts = tuple(
            _part(name, asked[:start] + ids[start:], [False] * start + [True] * (len(ids) - start), start)
            for name, ids in (("chosen", chosen), ("rejected", rejected))
        )
        return Encoded(parts, start < len(asked), asked[start:])

    def _scored_pair(self, example: dict[str, Any]) -> Encoded:
        start = self._prompt_ids(example["prompt"])
        parts = []
        for name in ("chosen", "rejected"):
            answer = example[name]
            if isinstance(answer, str):
                ids = list(self.tokenizer(answer, add_special_tokens=False)["input_ids"])
                ended = bool(ids) and ids[-1] in self._stops
                ids = [*start, *ids] if ended else [*start, *ids, self.tokenizer.eos_token_id]
            else:
                ids = without_tail(self._ids([*example["prompt"], *answer]), len(start), self._stops)
            parts.append(_part(name, ids, [False] * (len(ids) - 1) + [True], len(start)))
        return Encoded(tuple(parts))

    def _prompt_ids(self, prompt: Any) -> list[int]:
        ids = self._ids(prompt, **({} if isinstance(prompt, str) else {"add_generation_prompt": True}))
        closed = isinstance(prompt, str) and len(ids) > 1 and ids[-1] == self.tokenizer.eos_token_id
        return ids[:-1] if closed else ids

    def _ids(self, given: Any, **keywords: Any) -> list[int]:
        return list(self._processed(given, **keywords)["input_ids"])

    def _processed(self, given: Any, **keywords: Any) -> Any:
        if isinstance(given, str):
            return self.tokenizer(text=given)
        return self.tokenizer.apply_chat_template(given, tokenize=True, return_dict=True, **keywords)


def has_marks(tokenizer: Any) -> bool:
    """Whether the chat template marks what the assistant says with ``{% generation %}``."""
    template = getattr(tokenizer, "chat_template", None)
    if isinstance(template, dict):
        template = template.get("default")
    return _MARKS.search(template or "") is not None


def _part(name: str, ids: list[int], trained: list[bool], prompt: int) -> Part:
    return Part(name, np.array(ids, np.int64), np.array(trained, bool), prompt)


def _ended(text: str, tokenizer: Any) -> str:
    return text if text.endswith(tokenizer.eos_token) else text + tokenizer.eos_token


def _common(ids: list[int], others: list[int]) -> int:
    length = 0
    for one, other in zip(ids, others, strict=False):
        if one != other:
            break
        length += 1
    return length
