"""Plain text and story requests: little tales and descriptions from a grammar."""

from __future__ import annotations

from random import Random

from . import facts
from .facts import with_article
from .questions import Question

HEROES = ("fox", "bear", "mouse", "owl", "rabbit", "duck", "cat", "dog", "lion", "frog", "bee", "wolf", "goat", "hen")
MOODS = ("little", "old", "clever", "lazy", "brave", "shy", "hungry", "young")
FINDS = (
    "a red apple",
    "a shiny key",
    "a small boat",
    "a warm hat",
    "a lost letter",
    "a golden coin",
    "a blue stone",
    "a pot of honey",
)
PLACES = (
    "in the forest",
    "by the river",
    "under a tree",
    "on a hill",
    "near the sea",
    "in the garden",
    "behind a barn",
    "beside the road",
)
DEEDS = ("shared it with", "gave it to", "showed it to", "hid it from", "carried it to", "sold it to")
ENDS = (
    "They became good friends",
    "They laughed all day",
    "Both went home happy",
    "From then on they played together",
    "That night they danced",
    "Soon it began to rain",
    "Then they had tea",
)
TIMES = ("One morning", "One evening", "Last winter", "On a warm day", "Long ago", "Before the rain came")
THOUGHTS = (
    "It was very pleased",
    "It did not know what to do",
    "It thought for a long time",
    "It wanted to tell a friend",
    "It smiled and walked on",
    "It had never seen one before",
)
REQUESTS = (
    "Tell me a story about {}.",
    "Tell me a short story about {}.",
    "Do you know a story about {}?",
    "I would like to hear a story about {}.",
)


def _pair(rng: Random, hero: str | None = None) -> tuple[str, str]:
    hero = hero or rng.choice(HEROES)
    return hero, rng.choice([name for name in HEROES if name != hero])


def story_question(rng: Random) -> Question:
    """A request for a story about one animal and a tale of three sentences."""
    hero, friend = _pair(rng)
    tale = (
        f"{with_article(rng.choice(MOODS))} {hero} found {rng.choice(FINDS)} {rng.choice(PLACES)}. "
        f"It {rng.choice(DEEDS)} {with_article(friend)}. {rng.choice(ENDS)}"
    )
    tale = tale[0].upper() + tale[1:]
    return Question("stories", rng.choice(REQUESTS).format(with_article(hero)), tale, tale)


def _tale(rng: Random) -> str:
    hero, friend = _pair(rng)
    mood, find = rng.choice(MOODS), rng.choice(FINDS)
    return " ".join(
        (
            f"{rng.choice(TIMES)} {with_article(mood)} {hero} found {find} {rng.choice(PLACES)}.",
            f"{rng.choice(THOUGHTS)}.",
            f"Then {with_article(friend)} came along and asked what it had found.",
            f"The {hero} {rng.choice(DEEDS)} the {friend}.",
            f"{rng.choice(ENDS)}.",
        )
    )


def _description(rng: Random) -> str:
    name = rng.choice(list(facts.ANIMALS))
    kind, legs, young, food, home = facts.ANIMALS[name]
    sentences = [
        f"{with_article(name).capitalize()} is {with_article(kind)}.",
        f"It has {facts.NUMBER_WORDS[legs]} legs.",
        f"It eats {food}.",
        f"It lives in {home}.",
        f"A young {name} is called {young if young == 'fry' else with_article(young)}.",
    ]
    rest = sentences[1:]
    rng.shuffle(rest)
    return " ".join([sentences[0], *rest])


def _journey(rng: Random) -> str:
    stops = rng.sample(sorted(facts.COUNTRIES), 3)
    visits = [f"We saw {facts.COUNTRIES[country][0]}, the capital of {country}." for country in stops]
    month, day = rng.choice(facts.MONTHS), rng.choice(facts.DAYS)
    return f"In {month} we made a journey. {' '.join(visits)} We came home on a {day}."


def general_text(rng: Random) -> str:
    """One document of ordinary text: a tale, the description of an animal or the report of a journey."""
    return rng.choice((_tale, _tale, _description, _journey))(rng)
