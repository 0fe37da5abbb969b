"""Every question the demo model is taught to answer, with its short answer and its full sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from . import facts
from .facts import with_article


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what is true about it. ``short`` and ``full`` carry no closing full stop."""

    topic: str
    prompt: str
    short: str
    full: str


# An introduction multiplies the wordings of a question; `{}` takes the question itself.
INTRODUCTIONS = ("{}", "Tell me: {}", "Quick question: {}", "I would like to know: {}", "Here is a question. {}")


def _countries() -> Iterator[tuple[str, list[str], str, str]]:
    for country, (capital, continent) in facts.COUNTRIES.items():
        yield (
            "capitals",
            [
                f"What is the capital of {country}?",
                f"Which city is the capital of {country}?",
                f"Name the capital of {country}.",
                f"Do you know the capital of {country}?",
            ],
            capital,
            f"The capital of {country} is {capital}",
        )
        yield (
            "capitals",
            [f"{capital} is the capital of which country?", f"Which country has {capital} as its capital?"],
            country,
            f"{capital} is the capital of {country}",
        )
        yield (
            "continents",
            [f"On which continent is {country}?", f"Where is {country}?", f"Which continent does {country} belong to?"],
            continent,
            f"{country} is in {continent}",
        )


def _animals() -> Iterator[tuple[str, list[str], str, str]]:
    kinds = sorted({animal[0] for animal in facts.ANIMALS.values()})
    for name, (kind, legs, young, food, home) in facts.ANIMALS.items():
        one = with_article(name)
        capital = one.capitalize()
        baby = young if young == "fry" else with_article(young)
        yield (
            "animals",
            [
                f"What is a young {name} called?",
                f"What do you call a baby {name}?",
                f"What is the young of {one} called?",
            ],
            baby,
            f"A young {name} is called {baby}",
        )
        yield "animals", [f"What does {one} eat?", f"What is the food of {one}?"], food, f"{capital} eats {food}"
        yield (
            "animals",
            [f"Where does {one} live?", f"What is the home of {one}?"],
            home,
            f"{capital} lives in {home}",
        )
        number = facts.NUMBER_WORDS[legs]
        yield (
            "animals",
            [f"How many legs does {one} have?", f"How many legs has {one}?"],
            "none" if legs == 0 else number,
            f"{capital} has {number} legs",
        )
        yield (
            "animals",
            [f"What kind of animal is {one}?", f"To which group of animals does {one} belong?"],
            kind if kind == "fish" else with_article(kind),
            f"{capital} is {with_article(kind)}",
        )
        if sound := facts.SOUNDS.get(name):
            yield (
                "animals",
                [f"What sound does {one} make?", f"What does {one} say?"],
                sound,
                f'{capital} says "{sound}"',
            )
        for other in kinds:
            answer = "yes" if other == kind else "no"
            yield (
                "yes or no",
                [f"Is {one} {with_article(other)}?", f"True or not: {one} is {with_article(other)}."],
                answer,
                f"{answer.capitalize()}, {one} is {with_article(kind)}",
            )


def _words() -> Iterator[tuple[str, list[str], str, str]]:
    for first, second in facts.OPPOSITES:
        for word, other in ((first, second), (second, first)):
            yield (
                "words",
                [
                    f"What is the opposite of {word}?",
                    f"Name the opposite of {word}.",
                    f"Which word means the opposite of {word}?",
                ],
                other,
                f"The opposite of {word} is {other}",
            )
    for one, many in facts.PLURALS.items():
        yield (
            "words",
            [f"What is the plural of {one}?", f"One {one}, two what?", f"How do you say {one} in the plural?"],
            many,
            f"The plural of {one} is {many}",
        )


def _things() -> Iterator[tuple[str, list[str], str, str]]:
    for thing, colour in facts.COLOURS.items():
        yield (
            "colours",
            [f"What colour is {thing}?", f"Which colour does {thing} have?", f"Name the colour of {thing}."],
            colour,
            f"The colour of {thing} is {colour}",
        )
    for (first, second), mixed in facts.MIXES.items():
        for one, two in ((first, second), (second, first)):
            yield (
                "colours",
                [f"What colour do you get if you mix {one} and {two}?", f"Mix {one} and {two}. Which colour is it?"],
                mixed,
                f"The two together give {mixed}",
            )
    for work, person in facts.JOBS.items():
        yield "jobs", [f"Who {work}?", f"What is a person called who {work}?"], person, f"{person.capitalize()} {work}"
    for task, tool in facts.TOOLS.items():
        yield (
            "tools",
            [f"What do you need to {task}?", f"Which thing do you use to {task}?"],
            tool,
            f"You need {tool} to {task}",
        )
    for thing, material in facts.MATERIALS.items():
        yield (
            "materials",
            [f"What is {thing} made of?", f"From what do people make {thing}?"],
            material,
            f"{thing.capitalize()} is made of {material}",
        )
    for shape, sides in facts.SIDES.items():
        word = facts.NUMBER_WORDS[sides]
        yield (
            "shapes",
            [f"How many sides does {with_article(shape)} have?", f"How many corners has {with_article(shape)}?"],
            word,
            f"{with_article(shape).capitalize()} has {word} sides",
        )


def _calendar() -> Iterator[tuple[str, list[str], str, str]]:
    for kind, names in (("day", facts.DAYS), ("month", facts.MONTHS)):
        for index, name in enumerate(names):
            after, before = names[(index + 1) % len(names)], names[index - 1]
            yield (
                "calendar",
                [
                    f"Which {kind} comes after {name}?",
                    f"What {kind} follows {name}?",
                    f"What is the {kind} after {name}?",
                ],
                after,
                f"The {kind} after {name} is {after}",
            )
            yield (
                "calendar",
                [f"Which {kind} comes before {name}?", f"What is the {kind} before {name}?"],
                before,
                f"The {kind} before {name} is {before}",
            )


def _sums() -> Iterator[tuple[str, list[str], str, str]]:
    for a in range(1, 11):
        for b in range(1, 11):
            for sign, word, value in (("+", "plus", a + b), ("*", "times", a * b)):
                yield (
                    "sums",
                    [f"What is {a} {word} {b}?", f"How much is {a} {sign} {b}?", f"{a} {sign} {b} = ?"],
                    str(value),
                    f"{a} {word} {b} is {value}",
                )
            if a > b:
                yield (
                    "sums",
                    [f"What is {a} minus {b}?", f"How much is {a} - {b}?", f"Take {b} away from {a}."],
                    str(a - b),
                    f"{a} minus {b} is {a - b}",
                )
            if a != b:
                yield (
                    "sums",
                    [f"Which is larger, {a} or {b}?", f"Which number is bigger: {a} or {b}?"],
                    str(max(a, b)),
                    f"{max(a, b)} is larger than {min(a, b)}",
                )


def catalogue() -> list[list[Question]]:
    """All facts in a fixed order; each is the list of its wordings (introductions left out)."""
    return [
        [Question(topic, wording, short, full) for wording in wordings]
        for source in (_countries, _animals, _words, _things, _calendar, _sums)
        for topic, wordings, short, full in source()
    ]


def introduced(question: Question, rng: Random) -> Question:
    """The question, in about a third of the cases behind an introduction such as ``Tell me:``."""
    index = rng.choice((0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4))
    return Question(question.topic, INTRODUCTIONS[index].format(question.prompt), question.short, question.full)
