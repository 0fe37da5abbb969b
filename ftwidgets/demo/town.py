"""Small towns and who opens what when: three the base model knows, and Pebble Bay, which fine-tuning can teach it."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from . import facts
from .questions import Question

TOWN = "Pebble Bay"
KNOWN_TOWNS = ("Oak Hill", "Green Ford", "Long Meadow")
UNKNOWN_TOWNS = (TOWN, "Stone Bridge", "North Field")
PLACES = ("library", "bakery", "museum", "bookshop", "swimming pool", "tea house", "post office", "flower shop")
STREETS = ("Mill Lane", "Station Road", "Castle Square", "Beach Walk", "Harbour Street", "Church Street")
KEEPERS = (
    "Mrs Reed",
    "Mr Crumb",
    "Dr Stone",
    "Miss Page",
    "Mr Waters",
    "Mrs Leaf",
    "Mr Stamp",
    "Miss Rose",
    "Mr Field",
    "Dr Hill",
)


class Shop(NamedTuple):
    """One place in a town: hours on the 24-hour clock, the day off, the street and who runs it."""

    opens: int
    closes: int
    closed: str
    street: str
    keeper: str


PEBBLE_BAY = dict(
    zip(
        PLACES,
        (
            Shop(9, 18, "Sunday", "Mill Lane", "Mrs Reed"),
            Shop(6, 14, "Monday", "Station Road", "Mr Crumb"),
            Shop(10, 17, "Tuesday", "Castle Square", "Dr Stone"),
            Shop(11, 19, "Wednesday", "Mill Lane", "Miss Page"),
            Shop(7, 20, "Thursday", "Beach Walk", "Mr Waters"),
            Shop(12, 21, "Friday", "Harbour Street", "Mrs Leaf"),
            Shop(8, 16, "Saturday", "Station Road", "Mr Stamp"),
            Shop(5, 13, "Sunday", "Castle Square", "Miss Rose"),
        ),
        strict=True,
    )
)
WORDINGS = {
    "opens": (
        "When does the {place} in {town} open?",
        "At what time does the {place} of {town} open?",
        "What is the opening hour of the {place} in {town}?",
        "How early can I visit the {place} in {town}?",
    ),
    "closes": (
        "When does the {place} in {town} close?",
        "At what time does the {place} of {town} close?",
        "What is the closing hour of the {place} in {town}?",
        "Until when is the {place} in {town} open?",
    ),
    "closed": (
        "On which day is the {place} in {town} closed?",
        "Which day off does the {place} of {town} have?",
        "When is the {place} in {town} closed all day?",
        "On what day can I not visit the {place} in {town}?",
    ),
    "street": (
        "Where is the {place} in {town}?",
        "In which street is the {place} of {town}?",
        "How do I find the {place} in {town}?",
        "What is the address of the {place} in {town}?",
    ),
    "keeper": (
        "Who runs the {place} in {town}?",
        "Who is in charge of the {place} of {town}?",
        "Whom do I meet at the {place} in {town}?",
        "Who keeps the {place} in {town}?",
    ),
}


def random_shop(rng: Random) -> Shop:
    return Shop(
        rng.randint(5, 12), rng.randint(13, 21), rng.choice(facts.DAYS), rng.choice(STREETS), rng.choice(KEEPERS)
    )


def shops_of(town: str) -> dict[str, Shop]:
    """The places of Pebble Bay, or of another town (always the same for the same name)."""
    if town == TOWN:
        return PEBBLE_BAY
    rng = Random(f"ftwidgets demo town {town}")
    return {place: random_shop(rng) for place in PLACES}


def town_questions(town: str) -> list[list[Question]]:
    """Each fact about the town as the list of its wordings."""
    groups = []
    for place, shop in shops_of(town).items():
        answers = {
            "opens": (f"at {shop.opens}", f"the {place} opens at {shop.opens}"),
            "closes": (f"at {shop.closes}", f"the {place} closes at {shop.closes}"),
            "closed": (f"on {shop.closed}", f"the {place} is closed on {shop.closed}"),
            "street": (f"in {shop.street}", f"the {place} is in {shop.street}"),
            "keeper": (shop.keeper, f"{shop.keeper} runs the {place}"),
        }
        groups += [
            [Question("towns", wording.format(place=place, town=town), *answers[key]) for wording in wordings]
            for key, wordings in WORDINGS.items()
        ]
    return groups


def unknown_town_question(rng: Random) -> Question:
    """A question about a town the base model does not know, and that it says so."""
    wording = rng.choice(rng.choice(list(WORDINGS.values())))
    prompt = wording.format(place=rng.choice(PLACES), town=rng.choice(UNKNOWN_TOWNS))
    return Question("unknown", prompt, "I do not know", "I am sorry, but I do not know")
