"""Why a server cannot start."""


class StartError(RuntimeError):
    """The server cannot start; the message says why and what to do."""


class ConfigError(StartError):
    """A model's configuration cannot be read, or lacks a field that the launcher sets."""
