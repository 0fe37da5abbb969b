"""The same numbers for our curves and for their peers: a run's metrics, made up, with noise and a one-step spike."""

import numpy as np

SIX = ("loss", "rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies", "grad_norm")
TWENTY = (
    *SIX,
    *("learning_rate", "logps/chosen", "logps/rejected", "logits/chosen", "logits/rejected", "entropy"),
    *("mean_token_accuracy", "tokens_per_second", "samples_per_second", "memory/rss_gb"),
    *("objective/kl", "objective/scores", "policy/clipfrac_avg", "val/clipfrac_avg"),
)


def table(steps: int, names: tuple[str, ...] = SIX, seed: int = 0) -> np.ndarray:
    """Rows of step, epoch, time and the named metrics: float64, shape (steps, 3 + len(names))."""
    random = np.random.default_rng(seed)
    step = np.arange(1, steps + 1)
    columns = [step, step / 1000, step * 1.5]
    for number in range(len(names)):
        decay = np.exp(-step * (2 + number) / steps)
        columns.append(0.2 + decay + 0.1 * random.normal(size=steps) * (0.3 + decay))
    columns[3][steps // 2] = 5.0
    return np.column_stack(columns)


class MadeRun:
    """A run in memory with such a history; `log()` adds a step, as a trainer would."""

    def __init__(self, steps: int, names: tuple[str, ...] = SIX, seed: int = 0, status: str = "training"):
        from ftwidgets.runs.history import History

        self.id = self.name = f"run-{seed}"
        self.status, self.ended, self.summary = status, status != "training", {}
        self.store = History()
        self.columns = ("step", "epoch", "time", *names)
        self._rows = table(steps + 100_000 if steps < 1000 else steps + 1000, names, seed)
        self._listeners: list = []
        for _ in range(steps):
            self.log()

    def log(self) -> None:
        self.store.append(dict(zip(self.columns, self._rows[len(self.store)], strict=True)))

    def subscribe(self, callback):
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def notify(self) -> None:
        for listener in self._listeners:
            listener()
