"""How a view stands in its output: the widget, and what is said where no kernel is behind it."""

from __future__ import annotations

from typing import Any

MIME = "application/vnd.ftwidgets.run+json"  # of views, and of the records that take their place when a run has ended


class InOutput:
    """Comes before the widget class among a view's bases.

    The view is shown under our MIME type as well as under that of widgets. JupyterLab keeps what it has drawn when an
    output is updated under the same type: so a run's end moves nothing under a person's hands. Where our extension is
    missing, the widget stands there alone.
    """

    model_id: str

    def _repr_mimebundle_(self, **keywords: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**keywords)  # type: ignore[misc]
        if bundle is None:
            return None
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        told = f"ftwidgets.{type(self).__name__}: a view that needs its kernel. If that is gone, run this cell again."
        return data | {"text/plain": told, MIME: {"model_id": self.model_id} | self._without_kernel()}, metadata

    def _without_kernel(self) -> dict[str, str]:
        """What brings the view back: ``reattach``, a line of Python, where there is such."""
        return {}

    def _put_out(self) -> Any:
        """Show the view; gives the handle of its output, ``None`` where nothing can be shown."""
        from IPython.display import display

        bundle = self._repr_mimebundle_()
        return bundle and display(bundle[0], raw=True, display_id=True)
