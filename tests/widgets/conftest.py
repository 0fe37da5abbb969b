from collections.abc import Iterator

import pytest

from ftwidgets.widgets.pairs import PreferencePairs

from .pairs_page import ROWS, Page


@pytest.fixture
def page() -> Iterator[Page]:
    """The page of a viewer of six pairs, two for each prompt."""
    viewer = PreferencePairs(ROWS)
    yield Page(viewer)
    viewer.close()
