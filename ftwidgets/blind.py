"""BlindComparison: which of several models a person prefers, without knowing which is which."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xxhash

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.runs.contenders import Given, contenders
from ftwidgets.runs.judging import Judgements
from ftwidgets.widgets.blind import BlindView, choice_rows, tally_rows

if TYPE_CHECKING:
    import pandas as pd


class BlindComparison(BlindView):
    """Two answers to the same prompt side by side, without names and in random places: which is better?

    All contenders answer first, from one loaded base, with the same seeds and sampling. Judgements are written down as
    they are made: the same call goes on where it was left. Names and the tally come when the person asks for them.

    Args:
        given: Runs, run folders, checkpoint folders, ``(run, step)`` for a kept checkpoint, and ``"base"``, all of one
            base. With one alone, the base is the other.
        prompts: What they answer: texts or lists of messages. By default the run's probe prompts and held-out prompts.
        count: How many prompts, when none are given.
        temperature: 0 takes the likeliest token each time.
        max_new_tokens: Longest answer; by default as for the run's probes.
        seed: Of the answers, of the order, and of who stands where.
        file: Where judgements are kept; by default in ``blind/`` in the first run's folder.

    Attributes:
        runs: The runs among the contenders.

    Raises:
        FtwidgetsError: The contenders cannot be compared; the message says why.
    """

    def __init__(
        self,
        *given: Given,
        prompts: Sequence[Any] | None = None,
        count: int = 20,
        temperature: float = 0.7,
        top_p: float = 1.0,
        max_new_tokens: int | None = None,
        seed: int = 0,
        file: str | Path | None = None,
    ):
        self._stop = threading.Event()
        self._contenders = contenders(given)
        self.runs = [each.run for each in self._contenders if each.run is not None]
        self._config: RunConfig = self.runs[0].config
        self._prompts, self._count = None if prompts is None else list(prompts), count
        if self._prompts is not None and not self._prompts:
            raise FtwidgetsError("prompts: the list is empty. Leave it out for the run's own prompts.")
        self._sampling = {
            "temperature": temperature,
            "top_p": top_p,
            "max_new_tokens": max_new_tokens or self._config.max_new_tokens,
        }
        self._seed = seed
        who = [[each.name, each.digest()] for each in self._contenders]
        self._about = {"seed": seed, "contenders": who, **self._sampling}
        self._path = Path(file).expanduser() if file is not None else self._usual_file()
        self._thread: threading.Thread | None = None
        super().__init__()
        self.again()

    @property
    def tally(self) -> pd.DataFrame:
        """One row a pair of contenders: how often ``first`` was preferred, lost, tied, both were bad, both said the
        same; its share of the decided ones with a 95% interval (Wilson), and an exact p-value. Ends the blindness."""
        import pandas as pd

        return pd.DataFrame(tally_rows(self._known()))

    @property
    def choices(self) -> pd.DataFrame:
        """One row a judgement, with prompt and names. Ends the blindness."""
        import pandas as pd

        return pd.DataFrame(choice_rows(self._known()))

    def again(self) -> None:
        """Begin or go on answering, in a thread. Returns at once."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._work, name="blind comparison", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop answering; what was answered is kept."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every contender has answered. Returns whether that is so."""
        if self._thread is not None:
            self._thread.join(timeout)
        return self.record is not None

    def close(self) -> None:
        self._stop.set()
        super().close()

    def _usual_file(self) -> Path:
        key = json.dumps([self._about, self._prompts, None if self._prompts else self._count], ensure_ascii=False)
        return self.runs[0].folder / "blind" / f"{xxhash.xxh3_64_hexdigest(key.encode())}.jsonl"

    def _known(self) -> Judgements:
        if self.record is None:
            raise FtwidgetsError("The contenders have not answered yet: wait() for them.")
        return self.record

    def _say(self, text: str, done: float = 0, total: float = 0, phase: str = "answering") -> None:
        self.view = {"phase": phase, "text": text, "done": done, "total": total}

    def _work(self) -> None:
        try:
            names = [each.name for each in self._contenders]
            kept = Judgements.prompts_in(self._path)
            record = None if kept is None else Judgements(self._path, names, self._prompts or kept, self._about)
            if record is None or not record.complete:
                self._say("loading libraries")
                record = self._answer(names, record)
            self.record = record
            self.show()
        except Exception as error:  # noqa: BLE001 - told to the person who waits for it
            self._say(str(error) or type(error).__name__, phase="stopped" if self._stop.is_set() else "failed")

    def _answer(self, names: list[str], record: Judgements | None) -> Judgements:
        from ftwidgets.training.launch import load_libraries
        from ftwidgets.training.quiet import quiet

        load_libraries()
        with Path(os.devnull).open("w") as nowhere, quiet(nowhere, self._progress):
            from ftwidgets.training.contenders import on_one_base
            from ftwidgets.training.device import release

            live = next((run for run in self.runs if run.model is not None and run.ended), None)
            model, tokenizer = (live.model, live.tokenizer) if live is not None else (None, None)
            folders = [(e.weights, e.description) for e in self._contenders if e.weights and e.description]
            self._say("loading the base and the adapters")
            try:
                with on_one_base(self._config, folders, model, tokenizer) as (model, tokenizer, adapters):
                    voices = iter(adapters)
                    spoken = [False if each.weights is None else next(voices) for each in self._contenders]
                    return self._ask_all(model, tokenizer, spoken, names, record)
            finally:
                del model
                release()

    def _ask_all(
        self, model: Any, tokenizer: Any, spoken: list[bool | str], names: list[str], record: Judgements | None
    ) -> Judgements:
        from ftwidgets.training.contenders import answering_prompts, answers

        chat = any(run.config.method != "pretrain" for run in self.runs)
        if record is None:
            wanted, count = (self._prompts, None) if self._prompts is not None else (self._usual_prompts(), self._count)
            prompts = answering_prompts(model, tokenizer, wanted, chat, count)
            if not prompts or (self._prompts is not None and len(prompts) < len(wanted)):
                raise FtwidgetsError("A prompt is longer than the model's context, so nothing could be answered to it.")
            record = Judgements(self._path, names, prompts, self._about)
        total = len(names) * len(record.prompts)
        for number, adapter in enumerate(spoken):
            if number in record.completions:
                continue
            said = partial(self._count_answers, number * len(record.prompts), total)
            found = answers(
                model,
                tokenizer,
                adapter,
                record.prompts,
                chat=chat,
                seed=self._seed,
                progress=said,
                stopped=self._stop.is_set,
                **self._sampling,
            )
            record.answered(number, found)
        return record

    def _count_answers(self, before: int, total: int, done: int) -> None:
        self._say("answering", before + done, total)

    def _usual_prompts(self) -> list[Any]:
        """The run's probe prompts, then the prompts of held-out rows; each once."""
        from ftwidgets.data import prepare
        from ftwidgets.training.probes import probe_prompts, prompt_of

        data = prepare(self._config)
        rows = data.held_out if data.held_out is not None and len(data.held_out) else data.train
        found: dict[str, Any] = {}
        held_out = (prompt_of(rows[i]) for i in range(min(len(rows), 4 * self._count)))
        for prompt in (*probe_prompts(self._config, data), *held_out):
            found.setdefault(_text(prompt), prompt)
        return list(found.values())

    def _progress(self, phase: str, done: float | None = None, total: float | None = None, text: str = "") -> None:
        """Bars of the libraries while a base is loaded."""
        if phase == "loading model":
            self._say("loading the base and the adapters", done or 0, total or 0)


def _text(prompt: Any) -> str:
    """A prompt as it would be asked, to tell whether it was asked already."""
    if isinstance(prompt, str):
        return json.dumps([prompt])
    return json.dumps([m["content"] for m in prompt])
