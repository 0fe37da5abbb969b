"""Bringing a model from the hub before the run: what Studio's “Look at it” and “Download the weights” do."""

from __future__ import annotations

from pathlib import Path

from ftwidgets.config import RunConfig
from ftwidgets.models.hub import Asked, DownloadCancelledError, download
from ftwidgets.passing import Passing
from ftwidgets.runs import Context
from ftwidgets.runs.live import StopRun


def begin(model: str, revision: str | None = None, *, small_only: bool = False) -> Passing[Path]:
    """Begin to bring a model into the Hugging Face cache and return at once; the result is its folder.

    Args:
        model: A hub id.
        revision: Branch, tag or commit.
        small_only: Everything but the weights, enough for its card.

    ``result()`` raises what ``ftwidgets.models.download`` does. Progress is in bytes.
    """

    def work(context: Context) -> Path:
        context.progress("asking the hub")
        try:
            return download(
                model,
                revision,
                small_only=small_only,
                progress=lambda done, total: context.progress("downloading", done, total),
                cancel=Asked(lambda: context.stop_requested),
            )
        except DownloadCancelledError:
            raise StopRun from None

    return Passing(RunConfig(model=model, revision=revision), work).start()
