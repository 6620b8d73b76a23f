"""The one error of this package."""


class ExportError(RuntimeError):
    """Nothing was exported; the message is one sentence that says why."""
