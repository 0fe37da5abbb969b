"""The installed package's version; its source is `labextension/package.json`."""

from importlib.metadata import version

__version__ = version("ftwidgets")
