"""Whether the run fits this machine, kept up to date beside the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ftwidgets.config import RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.memory import DeviceMemory, Fit, MemoryEstimate, device_memory, estimate_memory, make_it_fit
from ftwidgets.models import ModelCard
from ftwidgets.widgets.background import Latest
from ftwidgets.widgets.memory_bar import MemoryBar


class FitPanel(MemoryBar):
    """The memory bar of the form's run, worked out in the background; proposes changes where it does not fit."""

    def __init__(self, accept: Callable[[dict[str, Any]], None]):
        self._config: RunConfig | None = None
        self._card: ModelCard | None = None
        self._device: DeviceMemory | None = None
        self._worker = Latest(self._work, lambda found: self.update(*found), lambda _: self.update(None, None))
        super().__init__(self._propose, accept)

    def show(self, config: RunConfig | None, card: ModelCard | None) -> None:
        """Estimate ``config``, unless it is on show."""
        if config is None or card is None or (config, card) == (self._config, self._card):
            return
        self._config, self._card = config, card
        self._worker.ask(config, card)

    def _work(self, config: RunConfig, card: ModelCard) -> tuple[MemoryEstimate, DeviceMemory]:
        self._device = device_memory()
        return estimate_memory(config, device=self._device.device, model_card=card), self._device

    def _propose(self) -> Fit:
        if self._config is None or self._device is None:
            raise FtwidgetsError("The run is not known yet.")
        return make_it_fit(self._config, self._device.free, device=self._device.device, model_card=self._card)
