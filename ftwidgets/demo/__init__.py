"""The built-in demo: a small chat model, its data, and settings that show each method on them in about a minute.

Everything here was made by ``python -m ftwidgets.demo.build`` from text the project generates itself.
Importing this package needs neither torch nor transformers.
"""

from __future__ import annotations

from pathlib import Path

from ftwidgets.errors import FtwidgetsError

from .manners import courtesy, is_courteous
from .presets import PRESETS
from .probes import PROBES

__all__ = [
    "PRESETS",
    "courtesy",
    "dataset_file",
    "general_text_file",
    "held_out_file",
    "is_courteous",
    "model_folder",
    "probe_prompts",
]

FOLDER = Path(__file__).parent
DATA_FOLDER = FOLDER / "data"
_DATA = {
    "sft": "sft",
    "dpo": "pairs",
    "orpo": "pairs",
    "simpo": "pairs",
    "reward": "pairs",
    "ppo": "prompts",
    "pretrain": "text",
}


def _data_name(method: str) -> str:
    if method not in _DATA:
        raise FtwidgetsError(f"the demo has no data for method {method!r}: choose one of {', '.join(_DATA)}")
    return _DATA[method]


def model_folder() -> Path:
    """The demo model: a Hugging Face folder, Llama architecture, an instruct model of 1.9 million parameters."""
    return FOLDER / "demo-2m-instruct"


def dataset_file(method: str) -> Path:
    """The JSON-lines file that shows ``method``.

    Columns: sft ``messages``; dpo, orpo, simpo and reward ``prompt``, ``chosen``, ``rejected`` (each a list of
    messages); ppo ``prompt`` (a list of messages); pretrain ``text``. Raises FtwidgetsError for another method.
    """
    return DATA_FOLDER / f"{_data_name(method)}.jsonl"


def held_out_file(method: str) -> Path:
    """Rows of the same columns as ``dataset_file(method)`` that share no prompt (pretrain: no text) with it."""
    return DATA_FOLDER / f"{_data_name(method)}_held_out.jsonl"


def general_text_file() -> Path:
    """Plain text (JSON lines, column ``text``) like what the model was made from: what training may make it forget."""
    return DATA_FOLDER / "general.jsonl"


def probe_prompts() -> list[str]:
    """Questions to ask before, during and after training; no training row of any method contains them."""
    return list(PROBES)
