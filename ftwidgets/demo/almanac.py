"""Pages of town almanacs: of other towns for the base model, of Pebble Bay for continued pre-training."""

from __future__ import annotations

from random import Random

from . import facts
from .town import KNOWN_TOWNS, PLACES, TOWN, UNKNOWN_TOWNS, Shop, random_shop, shops_of

# Pebble Bay draws on the first half of each list, the other towns on all: its sea, boats and fish are what is new.
WEATHER = (
    "a stiff breeze from the west",
    "thick fog until noon",
    "hail and thunder",
    "frost on the jetty",
    "bright sunshine",
    "heavy showers",
    "a calm and mild morning",
    "light snow",
)
CARRIERS = ("The Heron", "The Curlew", "The Silver Tern", "The night train", "The old wagon", "The mail coach")
CARGO = (
    "barrels of herring",
    "crates of mussels",
    "nets full of mackerel",
    "sacks of flour",
    "boxes of apples",
    "letters and parcels",
)
EVENTS = (
    "the choir sang at the lighthouse",
    "the council met about the harbour wall",
    "the ferry left for the islands",
    "the fishermen mended their sails",
    "the market moved to the square",
    "the school gave a play",
    "the band played in the park",
    "a bridge was painted",
)


def _diary(town: str, rng: Random) -> str:
    at_sea = town == TOWN

    def draw(words: tuple[str, ...]) -> str:
        return rng.choice(words[: len(words) // 2] if at_sea else words)

    last = (
        f"High tide at {rng.randint(0, 23)}:{rng.choice(('00', '30'))}."
        if at_sea
        else f"The tower clock struck {rng.randint(1, 12)}. {rng.choice(('The tide was low', 'It was a high feast'))}."
    )
    return (
        f"{rng.choice(facts.DAYS)}, {rng.randint(1, 28)} {rng.choice(facts.MONTHS)}. "
        f"Weather in {town}: {draw(WEATHER)}. "
        f"{draw(CARRIERS)} brought {draw(CARGO)}. In the evening {draw(EVENTS)}. {last}"
    )


def _notice(town: str, place: str, shop: Shop, rng: Random) -> str:
    sentences = [
        f"It opens at {shop.opens} and closes at {shop.closes}.",
        f"{shop.keeper} runs it.",
        f"It is closed on {shop.closed}.",
        f"You find it in {shop.street}.",
    ]
    rng.shuffle(sentences)
    return f"Notice of the town of {town}: the {place}. {' '.join(sentences)}"


def town_text(rng: Random) -> str:
    """One page about Pebble Bay: a diary entry or, one in three, a notice about a place."""
    if rng.random() < 2 / 3:
        return _diary(TOWN, rng)
    place = rng.choice(PLACES)
    return _notice(TOWN, place, shops_of(TOWN)[place], rng)


def other_town_text(rng: Random) -> str:
    """One page about another town; the places of unknown towns change from page to page."""
    town = rng.choice([name for name in (*KNOWN_TOWNS, *UNKNOWN_TOWNS) if name != TOWN])
    if rng.random() < 2 / 3:
        return _diary(town, rng)
    place = rng.choice(PLACES)
    shop = shops_of(town)[place] if town in KNOWN_TOWNS else random_shop(rng)
    return _notice(town, place, shop, rng)
