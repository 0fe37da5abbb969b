"""A run that logs what a DPO run logs, made by hand, for the tests of the curves."""

import math
from dataclasses import dataclass, field

from ftwidgets.runs.history import History

METRICS = [
    "loss",
    "grad_norm",
    "learning_rate",
    "rewards/chosen",
    "rewards/rejected",
    "rewards/accuracies",
    "rewards/margins",
    "logps/chosen",
    "logps/rejected",
    "logits/chosen",
    "logits/rejected",
    "entropy",
    "mean_token_accuracy",
    "num_tokens",
]


class Events:
    def __init__(self):
        self.kept = {}

    def of(self, kind):
        return list(self.kept.get(kind, ()))

    def add(self, kind, t=0.0, **fields):
        self.kept.setdefault(kind, []).append({"t": t, "type": kind, **fields})


@dataclass
class MadeRun:
    """`steps` logged steps with 14 metrics each, an evaluation every 50, and nobody's thread."""

    steps: int = 0
    id: str = "20260101-dpo"
    name: str = "dpo"
    status: str = "training"
    started_at: float = 1000.0
    ended: bool = False
    folder: str = "runs/20260101-dpo"
    store: History = field(default_factory=History)
    events: Events = field(default_factory=Events)
    summary: dict = field(default_factory=dict)

    def __post_init__(self):
        steps, self.steps, self.listeners = self.steps, 0, []
        self.log(steps)

    def log(self, count=1):
        for _ in range(count):
            self.steps += 1
            row = {name: self.value(name, self.steps) for name in METRICS}
            self.store.append(self.place() | row)
            if self.steps % 50 == 0:
                self.store.append(self.place() | {"eval_loss": self.value("eval_loss", self.steps)})
                self.events.add("evaluation", t=self.started_at + 2 * self.steps, step=self.steps)

    def place(self):
        return {"step": self.steps, "epoch": self.steps / 400, "time": 2.0 * self.steps}

    @staticmethod
    def value(name, step):
        """What metric `name` is at `step`: different for each, never the same twice."""
        return 0.3 + 0.5 * math.exp(-step / 150) + 0.01 * math.sin(step * (3 + len(name)))

    def subscribe(self, callback):
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def notify(self):
        for listener in list(self.listeners):
            listener()
