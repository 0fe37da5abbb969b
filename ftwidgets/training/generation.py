"""Completions from the model being trained, without leaving a trace in the training."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from transformers import StoppingCriteria, TextStreamer

from ftwidgets.errors import FtwidgetsError

Messages = list[dict[str, str]]
_asked: WeakKeyDictionary[Any, threading.RLock] = WeakKeyDictionary()  # one at a time asks a model


@contextmanager
def resting(model: Any, seed: int | None = None) -> Iterator[None]:
    """The model in eval mode (no dropout, no checkpointing) with its cache; mode and random state are put back.

    ``seed`` makes sampling repeatable. Other threads that ask for the same model wait: its adapter may be off.
    """
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with _asked.setdefault(model, threading.RLock()), torch.random.fork_rng(devices=devices), torch.no_grad():
        training = model.training
        use_cache = model.config.use_cache
        if seed is not None:
            torch.manual_seed(seed)
        model.eval()
        model.config.use_cache = True
        try:
            yield
        finally:
            model.config.use_cache = use_cache
            model.train(training)


@contextmanager
def contiguous_head(model: Any) -> Iterator[None]:
    """While sampling, give the LM head contiguous input.

    After the prompt, generate slices the last position out of (B, L, H). For such a view ``F.linear`` copies the whole
    weight once a row: 2.7 s and 1.3 GB for four rows of a 262 144-token vocabulary on a CPU.
    """
    head = model.get_output_embeddings()
    hook = head.register_forward_pre_hook(lambda _, args: (args[0].contiguous(), *args[1:]))
    try:
        yield
    finally:
        hook.remove()


def render(tokenizer: Any, prompt: str | Messages, chat: bool) -> str:
    """What the model reads: a conversation, or any prompt with ``chat``, through the chat template."""
    if isinstance(prompt, str):
        if not chat:
            return prompt
        prompt = [{"role": "user", "content": prompt}]
    return tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True)


def complete(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[str | Messages],
    *,
    max_new_tokens: int = 64,
    chat: bool = True,
    adapter: bool | str = True,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int = 0,
    batch_size: int = 8,
    on_text: Callable[[str], object] | None = None,
) -> list[str]:
    """One completion for each prompt.

    Args:
        model: A ``PeftModel``; with ``adapter=False`` its base answers, with a name the adapter of that name.
        on_text: Called with each piece of an answer as it is written; ``False`` ends that answer with the piece.
            Prompts are then answered one by one.
        temperature: 0 takes the likeliest token each time; above, tokens are sampled with ``seed``.

    Raises:
        FtwidgetsError: A prompt does not fit the model's context.
    """
    texts = [render(tokenizer, prompt, chat) for prompt in prompts]
    sampling: dict[str, Any] = {"do_sample": False}
    if temperature > 0:
        # transformers samples among 50 tokens unless told otherwise: that would not be the model's own distribution.
        sampling = {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": top_p}
    if on_text is not None:
        sampling["streamer"] = speaker = _Speaker(tokenizer, on_text)
        sampling["stopping_criteria"] = [_Ended(speaker)]
        batch_size = 1
    answers: list[str] = []
    with resting(model, seed), contiguous_head(model), speaking_as(model, adapter):
        for start in range(0, len(texts), batch_size):
            inputs = tokenizer(
                texts[start : start + batch_size],
                return_tensors="pt",
                padding=True,
                padding_side="left",
                add_special_tokens=not chat,
                return_token_type_ids=False,
            ).to(model.device)
            length = inputs["input_ids"].shape[1]
            out = model.generate(
                **inputs,
                max_new_tokens=_room(model, length, max_new_tokens),
                pad_token_id=tokenizer.pad_token_id,
                **sampling,
            )
            answers += tokenizer.batch_decode(out[:, length:], skip_special_tokens=True)
    return [answer.strip() for answer in answers]


@contextmanager
def speaking_as(model: Any, adapter: bool | str) -> Iterator[None]:
    """The model with the adapter that is on, with none, or with the one of that name."""
    if adapter is True or not hasattr(model, "disable_adapter"):
        yield
    elif adapter is False:
        with model.disable_adapter():
            yield
    else:
        before = model.active_adapter
        model.set_adapter(adapter, inference_mode=True)
        try:
            yield
        finally:
            model.set_adapter(before)


def fits(model: Any, tokenizer: Any, prompt: str | Messages, chat: bool) -> bool:
    """Whether a prompt leaves the model room to answer."""
    context = getattr(model.config, "max_position_embeddings", None)
    ids = tokenizer(render(tokenizer, prompt, chat), add_special_tokens=not chat)["input_ids"]
    return not context or len(ids) < context


def _room(model: Any, prompt_length: int, wanted: int) -> int:
    """How many tokens an answer may have."""
    context = getattr(model.config, "max_position_embeddings", None)
    if context and prompt_length + 1 > context:
        raise FtwidgetsError(f"The prompt has {prompt_length} tokens and the model reads {context}. Shorten it.")
    return min(wanted, context - prompt_length) if context else wanted


class _Speaker(TextStreamer):
    """Hands an answer on while it is written, in pieces that are whole characters."""

    def __init__(self, tokenizer: Any, on_text: Callable[[str], object]):
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._on_text = on_text
        self.ended = False  # where the one who listens has heard enough

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        if text:
            self.ended = self._on_text(text) is False
        if stream_end:
            self.ended = False


class _Ended(StoppingCriteria):
    """Ends an answer that its listener has heard enough of."""

    def __init__(self, speaker: _Speaker):
        self._speaker = speaker

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        return torch.full((len(input_ids),), self._speaker.ended, dtype=torch.bool, device=input_ids.device)
