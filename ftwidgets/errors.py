"""Errors a person can act on."""


class FtwidgetsError(ValueError):
    """Something a person can put right: the message says what is wrong, where, and what to do."""
