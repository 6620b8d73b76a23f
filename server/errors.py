"""The one error of this package."""


class StartError(RuntimeError):
    """The server cannot start; the message says why and what to do."""
