"""Trains the demo's base model from nothing: a small Llama that answers in two manners."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING

from .almanac import other_town_text
from .conversations import Conversations
from .stories import general_text
from .tokenization import BOS, CONTEXT, EOS, PAD

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

STEPS = 2000
QUANTIZED_STEPS = 400  # the last steps see the weights as NF4 will round them, so that 4 bits cost the model nothing
BATCH_TOKENS = 3072
LEARNING_RATE = 3e-3
IGNORED = -100

Example = tuple[list[int], list[int]]  # token ids, labels


def examples(tokenizer: PreTrainedTokenizerFast, excluded: set[str], rng: Random) -> Iterator[Example]:
    """Endless chats (labels on the model's own words) and, one in five, plain documents (labels everywhere)."""
    chats = Conversations(excluded, rng)
    bos, eos = (tokenizer.convert_tokens_to_ids(token) for token in (BOS, EOS))
    roles = {role: tokenizer.convert_tokens_to_ids(f"<|{role}|>") for role in ("system", "user", "assistant")}

    def encode(text: str) -> list[int]:
        return [*tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids, eos]

    while True:
        if rng.random() < 0.2:
            ids = [bos, *encode(rng.choice((general_text, general_text, other_town_text))(rng))]
            yield ids, ids
            continue
        ids, labels = [bos], [IGNORED]
        for message in chats.messages():
            turn = encode(message["content"])
            ids += [roles[message["role"]], *turn]
            labels += [IGNORED, *(turn if message["role"] == "assistant" else [IGNORED] * len(turn))]
        yield ids[:CONTEXT], labels[:CONTEXT]


def batches(source: Iterator[Example], pad: int, rng: Random) -> Iterator[dict[str, torch.Tensor]]:
    """Batches of about ``BATCH_TOKENS`` tokens, each of examples of like length, in random order."""
    import torch

    while True:
        pool = sorted((next(source) for _ in range(1024)), key=lambda example: len(example[0]))
        groups: list[list[Example]] = [[]]
        for example in pool:
            if (len(groups[-1]) + 1) * len(example[0]) > BATCH_TOKENS:
                groups.append([])
            groups[-1].append(example)
        rng.shuffle(groups)
        for group in groups:
            width = max(len(ids) for ids, _ in group)
            yield {
                "input_ids": torch.tensor([ids + [pad] * (width - len(ids)) for ids, _ in group]),
                "labels": torch.tensor([labels + [IGNORED] * (width - len(labels)) for _, labels in group]),
            }


def new_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """1.9 million parameters; every linear layer's input is a multiple of NF4's block of 64."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=4,
            num_attention_heads=6,
            num_key_value_heads=2,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


@contextmanager
def rounded_to_nf4(model: LlamaForCausalLM) -> Iterator[None]:
    """The linear layers' weights as NF4 rounds them; on leaving, the exact weights return (straight-through)."""
    import torch
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit

    exact = [
        (layer.weight, layer.weight.data)
        for layer in model.model.layers.modules()
        if isinstance(layer, torch.nn.Linear)
    ]
    for weight, data in exact:
        weight.data = dequantize_4bit(*quantize_4bit(data, quant_type="nf4", compress_statistics=True))
    try:
        yield
    finally:
        for weight, data in exact:
            weight.data = data


def train(
    tokenizer: PreTrainedTokenizerFast,
    excluded: set[str],
    seed: int,
    steps: int = STEPS,
    report: Callable[[str], None] = print,
) -> LlamaForCausalLM:
    """Train a new model for ``steps`` steps of about ``BATCH_TOKENS`` tokens; ``excluded`` prompts never occur."""
    import torch

    torch.manual_seed(seed)
    rng = Random(f"ftwidgets demo model {seed}")
    model = new_model(tokenizer)
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}],
        lr=LEARNING_RATE,
        betas=(0.9, 0.98),
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.05, final_div_factor=100
    )
    source = batches(examples(tokenizer, excluded, rng), tokenizer.convert_tokens_to_ids(PAD), rng)
    started = time.monotonic()
    total = torch.zeros(())
    for step in range(1, steps + 1):
        batch = next(source)
        if step > steps - QUANTIZED_STEPS:
            with rounded_to_nf4(model):
                loss = model(**batch).loss
                loss.backward()
        else:
            loss = model(**batch).loss
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        total += loss.detach()
        if step % 100 == 0:
            report(f"step {step} of {steps}: loss {total.item() / 100:.3f}, {time.monotonic() - started:.0f} s")
            total.zero_()
    return model.eval()
