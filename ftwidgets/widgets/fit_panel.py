"""Whether the run fits this machine, kept up to date beside the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import DeviceMemory, Fit, MemoryEstimate, device_memory, estimate_memory, make_it_fit
from ftwidgets.models import ModelCard
from ftwidgets.widgets.background import Latest, UnderWay
from ftwidgets.widgets.measure_step import MeasureStep
from ftwidgets.widgets.memory_bar import MemoryBar


class FitPanel(MemoryBar):
    """The memory bar of the form's run, worked out in the background; proposes changes where it does not fit.

    Args:
        accept: Called with options to change, when the person takes a proposal.
        measure: Starts to measure a real step; there is no button for it without.
        changed: Called when a measurement begins or ends.
    """

    def __init__(
        self,
        accept: Callable[[dict[str, Any]], None],
        measure: Callable[[RunConfig], UnderWay] | None = None,
        changed: Callable[[], None] = lambda: None,
    ):
        self._config: RunConfig | None = None
        self._card: ModelCard | None = None
        self._device: DeviceMemory | None = None
        self._device_is_free = True
        self._worker = Latest(self._work, lambda found: self.update(*found), lambda _: self.update(None, None))
        super().__init__(self._propose, accept)
        self.step = MeasureStep(measure, accept, changed) if measure is not None else None
        if self.step is not None:
            self.line.children = (*self.line.children, self.step.button)
            self.more.children = [self.step]

    def show(self, config: RunConfig | None, card: ModelCard | None) -> None:
        """Estimate ``config``, unless it is on show. Nothing is known of a model without a card."""
        if card is None:
            self._card = None
            self._worker.ask(None, None)
            return
        if config is None or (config, card) == (self._config, self._card):
            return
        self._config, self._card = config, card
        self._worker.ask(config, card)

    def offer(self, config: RunConfig | None, free: bool) -> None:
        """Offer to measure a step of ``config``, unless a run has the device (``free=False``)."""
        if free and not self._device_is_free and self._config is not None:
            self._worker.ask(self._config, self._card)  # a run ended: other memory is free now
        self._device_is_free = free
        if self.step is not None:
            self.step.offer(config, free)

    @property
    def measuring(self) -> bool:
        """Whether a step is being measured."""
        return self.step is not None and self.step.busy

    def _work(self, config: RunConfig | None, card: ModelCard | None) -> tuple[MemoryEstimate | None, Any]:
        if config is None or card is None:
            return None, None
        self._device = device_memory()
        return estimate_memory(config, device=self._device.device, model_card=card), self._device

    def _propose(self) -> Fit:
        if self._config is None or self._device is None:
            raise FtwidgetsError("The run is not known yet.")
        return make_it_fit(self._config, self._device.free, device=self._device.device, model_card=self._card)
