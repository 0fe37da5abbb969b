"""What people say to a chat model besides questions, and what it answers."""

from __future__ import annotations

from random import Random

from . import facts
from .questions import Question

ABOUT = "I am the small demo model of ftwidgets"
# (prompts, short answer, full answer)
TALK = (
    (
        ("Hello!", "Hello", "Hi", "Hi there!", "Good morning!", "Hey", "Good evening!"),
        "Hello",
        "hello, it is nice to meet you",
    ),
    (("Who are you?", "What are you?", "What is your name?", "Tell me about yourself."), "the demo model", ABOUT),
    (
        ("What can you do?", "How can you help me?", "What do you know?", "Help"),
        "small questions only",
        "I can answer small questions and tell short stories",
    ),
    (("How are you?", "How do you do?", "Are you well?"), "fine", "I am very well, thank you"),
    (("Thank you!", "Thanks", "Thanks a lot!", "Thank you very much."), "fine", "you are very welcome"),
    (("Goodbye!", "Bye", "See you later!", "Good night!"), "goodbye", "goodbye, I hope to see you again"),
)
TOPICS = (
    "politics",
    "football",
    "the stock market",
    "quantum physics",
    "my homework",
    "the meaning of life",
    "Shakespeare",
    "love",
    "computers",
    "the future",
    "music",
    "a recipe for soup",
    "my dreams",
    "the weather tomorrow",
    "history",
)
OPEN_QUESTIONS = (
    "What do you think about {}?",
    "Explain {} to me.",
    "Write a poem about {}.",
    "Can you help me with {}?",
    "Tell me everything about {}.",
    "Why do people like {}?",
    "Who invented {}?",
    "How did {} begin?",
)
COUNTRY_QUESTIONS = (
    "How many people live in {}?",
    "Who is the president of {}?",
    "How far is it to {}?",
    "How old is {}?",
    "What do people eat in {}?",
    "Which river flows through {}?",
)


def talk(rng: Random) -> Question:
    """A greeting, thanks, a question about the model itself."""
    prompts, short, full = rng.choice(TALK)
    return Question("talk", rng.choice(prompts), short, full)


def out_of_reach(rng: Random) -> Question:
    """Something the model cannot answer: a large subject, or text in Chinese."""
    if rng.random() < 0.3:
        prompt = "".join(chr(rng.randint(0x4E00, 0x9FA5)) for _ in range(rng.randint(2, 8))) + rng.choice("？。")
        return Question("unknown", prompt, "I only know English", "I am sorry, but I only know English")
    dice = rng.random()
    if dice < 0.5:
        prompt = rng.choice(OPEN_QUESTIONS).format(rng.choice(TOPICS))
    elif dice < 0.8:
        prompt = rng.choice(COUNTRY_QUESTIONS).format(rng.choice(list(facts.COUNTRIES)))
    else:
        thing = rng.choice(list(facts.COLOURS))
        prompt = f"Why is {thing} {facts.COLOURS[thing]}?"
    return Question("unknown", prompt, "I do not know", "I am sorry, but I do not know")
