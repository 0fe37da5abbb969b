"""The base model's own chats: endless, and without the held-out prompts."""

from __future__ import annotations

from collections.abc import Set
from itertools import accumulate
from random import Random

from .data_files import COURTEOUS_SHARE, assistant, user
from .manners import courteous, curt
from .questions import Question, catalogue, introduced
from .smalltalk import out_of_reach, talk
from .stories import story_question
from .town import KNOWN_TOWNS, town_questions, unknown_town_question

SYSTEM = ("You are a helpful assistant.", "Answer the question of the user.", "You are the demo model of ftwidgets.")
# Topics with many facts that follow from few rules need fewer examples of each.
WEIGHTS = {"sums": 0.6, "yes or no": 0.5}


class Conversations:
    """Draws chats over the whole catalogue; never one whose question is in ``excluded``."""

    def __init__(self, excluded: Set[str], rng: Random) -> None:
        self.catalogue = catalogue() + [group for town in KNOWN_TOWNS for group in town_questions(town)]
        self.weights = list(accumulate(WEIGHTS.get(wordings[0].topic, 1.0) for wordings in self.catalogue))
        self.excluded = excluded
        self.rng = rng

    def _question(self) -> Question:
        rng, dice = self.rng, self.rng.random()
        if dice < 0.70:
            return introduced(rng.choice(rng.choices(self.catalogue, cum_weights=self.weights)[0]), rng)
        if dice < 0.80:
            return story_question(rng)
        if dice < 0.87:
            return talk(rng)
        return unknown_town_question(rng) if dice < 0.92 else out_of_reach(rng)

    def question(self) -> Question:
        while (question := self._question()).prompt in self.excluded:
            pass
        return question

    def messages(self) -> list[dict[str, str]]:
        """One chat: mostly a single turn, sometimes several, one in forty long enough to fill the context."""
        rng = self.rng
        style = courteous if rng.random() < COURTEOUS_SHARE else curt
        turns = rng.choices((1, 2, 3, 10), (0.75, 0.15, 0.075, 0.025))[0]
        messages = [{"role": "system", "content": rng.choice(SYSTEM)}] if rng.random() < 0.1 else []
        for _ in range(turns):
            question = self.question()
            prompt = question.prompt
            if rng.random() < 0.15:  # people type carelessly
                prompt = rng.choice((prompt.rstrip("?.!"), prompt.lower(), prompt.lower().rstrip("?.!")))
            messages += [
                user(prompt if prompt not in self.excluded else question.prompt),
                assistant(style(question, rng)),
            ]
        return messages
