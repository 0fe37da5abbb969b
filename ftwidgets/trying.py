"""Asking a run's model: while it trains (between two steps), while it is paused, or afterwards."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs import LiveRun, Run


def ask(
    run: Run,
    prompt: str | list[dict[str, str]],
    *,
    adapter: bool = True,
    chat: bool | None = None,
    max_new_tokens: int = 128,
    temperature: float = 0.0,
    top_p: float = 1.0,
    seed: int = 0,
    on_text: Callable[[str], object] | None = None,
) -> Future[str]:
    """The model's answer to ``prompt``, with the adapter on or off, from the one loaded model.

    A run that trains answers between two steps and goes on exactly as it would have: mode, cache and random state
    are put back.

    Args:
        prompt: A text, or a conversation as messages (``role``, ``content``) that ends with a user's.
        chat: Whether a text is a user's message, put through the chat template, or is to be gone on with as it
            stands. Without it, as the run trained: text after continued pre-training, else a message.
        top_p: Above temperature 0, sample among the likeliest tokens that together hold this share.
        on_text: Called with each piece of the answer as it is written; ``False`` ends the answer with that piece.

    Raises:
        FtwidgetsError: The run's model is not in this kernel (``ftwidgets.load_model(run)`` brings it), scores instead
            of writing, or has no chat template for a message. The future raises it for a prompt that is too long.
    """
    if run.model is None:
        raise FtwidgetsError(f"{run.id}: its model is not in this kernel. Bring it with ftwidgets.load_model(run).")
    if run.config.method == "reward":
        raise FtwidgetsError(f"{run.id} is a reward model: it scores answers and writes none.")
    if not isinstance(prompt, str):
        chat = True
    elif chat is None:
        chat = run.config.method != "pretrain"
    if chat and not getattr(run.tokenizer, "chat_template", None):
        raise FtwidgetsError(f"{run.id}: its model has no chat template. Ask with chat=False, for text to go on with.")

    def answer() -> str:
        from ftwidgets.training.generation import complete

        return complete(
            run.model,
            run.tokenizer,
            [prompt],
            chat=chat,
            adapter=adapter,
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            top_p=top_p,
            seed=seed,
            on_text=on_text,
        )[0]

    if isinstance(run, LiveRun):
        return run.between_steps(answer)
    future: Future[str] = Future()
    future.set_result(answer())
    return future


def load_model(run: Run) -> Run:
    """Load the base and the saved adapter of an ended run, so that ``run.model`` can be asked again.

    Raises:
        FtwidgetsError: The run saved no adapter, or its base cannot be loaded.
    """
    folder = run.folder / "adapter"
    if not (folder / "adapter_config.json").is_file():
        raise FtwidgetsError(f"{run.id} saved no adapter: there is nothing to load.")
    from ftwidgets.training.loading import load_base, load_tokenizer, load_trained

    run.tokenizer = load_tokenizer(run.config)
    run.model = load_trained(load_base(run.config), folder)
    return run
