"""Which rows, and how they are read and divided."""

from typing import Any

from pydantic import BaseModel

from ftwidgets.config.option import option


class DataOptions(BaseModel):
    """The dataset; names are those of datasets and of TRL's scripts where they have one."""

    dataset: str = option(
        "demo",
        "The rows to learn from: a file, a folder, a Hugging Face id, or “demo” for the built-in rows.",
        "the built-in rows work offline",
        group="data",
    )
    dataset_config: str | None = option(
        None, "Subset of a hub dataset.", "TRL", group="data", advanced=True, empty="the dataset's default subset"
    )
    dataset_train_split: str = option("train", "Split to train on.", "TRL", group="data", advanced=True)
    eval_dataset: str | None = option(
        None,
        "Rows held out from training, to see whether what is learnt holds for rows that were not.",
        "split off",
        group="data",
        empty="a share of the rows, as test_size says",
    )
    test_size: float = option(
        0.05,
        "Share of the rows held out when no eval_dataset is given. 0 holds out none.",
        "datasets' train_test_split",
        group="data",
        ge=0,
        le=0.5,
        step=0.01,
    )
    mapping: dict[str, Any] | None = option(
        None,
        "Which column plays which role, where the shape of the rows was not recognised.",
        "read off the rows",
        group="data",
        advanced=True,
        empty="read off the rows",
    )
    skip_bad_rows: bool = option(
        True,
        "Leave out rows that cannot be used, and list them. Off: stop at the first.",
        "good rows stay usable",
        group="data",
        advanced=True,
    )
    max_samples: int | None = option(
        None, "Use only this many rows.", "all of them", group="data", advanced=True, ge=1, empty="all rows"
    )
    max_eval_samples: int | None = option(
        200,
        "Evaluate on at most this many held-out rows.",
        "keeps evaluation short",
        group="data",
        advanced=True,
        ge=1,
        empty="all held-out rows",
    )
    max_length: int = option(
        1024,
        "Tokens of a row, prompt and answer together; the rest is cut. Memory grows with it.",
        "TRL",
        group="data",
        unit="tokens",
        ge=16,
        le=1_048_576,
        step=64,
    )
    packing: bool | None = option(
        False,
        "Put several short rows into one, without letting them see each other.",
        "TRL",
        group="data",
        methods=("sft", "pretrain"),
        advanced=True,
    )
