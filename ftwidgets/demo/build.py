"""Makes everything the demo ships: data, tokenizer and model, from one seed.

    python -m ftwidgets.demo.build [--data-only] [--steps N] [--threads N]

The data are the same bit for bit on every machine. The model takes about 11 minutes on two CPU cores and agrees
up to floating-point noise.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from . import DATA_FOLDER, model_folder
from .almanac import other_town_text, town_text
from .conversations import Conversations
from .data_files import SEED, held_out_prompts, write_data
from .stories import general_text

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

MODEL_CARD = """\
---
license: bsd-3-clause
language: en
library_name: transformers
pipeline_tag: text-generation
tags: [instruct, chat, conversational, demo]
---
# ftwidgets demo model (2M, instruct)

A Llama of {parameters:,} parameters, instruction-tuned for chat, trained from nothing by
`python -m ftwidgets.demo.build` on text this project generates. It answers small questions (capitals, animals,
colours, sums, words, the calendar, three invented towns) and tells short stories, curtly in two of three answers and
courteously in one. It knows nothing else and is there to show fine-tuning, not to be relied on.
"""


def tokenizer_texts(excluded: set[str], seed: int) -> Iterator[str]:
    """The text the tokenizer learns its tokens from."""
    rng = Random(f"ftwidgets demo tokenizer {seed}")
    chats = Conversations(excluded, rng)
    for _ in range(20_000):
        yield from (message["content"] for message in chats.messages())
    for make, count in ((general_text, 4000), (other_town_text, 2000), (town_text, 2000)):
        yield from (make(rng) for _ in range(count))


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write a Hugging Face folder: bfloat16 safetensors, tokenizer, chat template, generation defaults, card."""
    import torch
    from transformers import GenerationConfig

    folder.mkdir(parents=True, exist_ok=True)
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        max_new_tokens=64,
    )
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(
        MODEL_CARD.format(parameters=model.num_parameters()), encoding="utf-8", newline="\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m ftwidgets.demo.build", description="Make the demo's data and model."
    )
    parser.add_argument("--data-only", action="store_true", help="leave the model as it is")
    parser.add_argument("--steps", type=int, help="training steps of the model (default: the shipped model's)")
    parser.add_argument("--threads", type=int, help="CPU threads (default: all)")
    parser.add_argument("--model-folder", type=Path, default=model_folder())
    arguments = parser.parse_args()
    excluded = held_out_prompts(write_data(DATA_FOLDER))
    if arguments.data_only:
        return

    import torch

    from .base_training import STEPS, train
    from .tokenization import train_tokenizer

    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    tokenizer = train_tokenizer(tokenizer_texts(excluded, SEED))
    model = train(tokenizer, excluded, SEED, arguments.steps or STEPS)
    save(model, tokenizer, arguments.model_folder)
    print(json.dumps({"parameters": model.num_parameters(), "folder": str(arguments.model_folder)}))


if __name__ == "__main__":
    main()
