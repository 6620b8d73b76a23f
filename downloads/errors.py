"""The one error of this package."""


class DownloadError(RuntimeError):
    """A file could not be had; the message is one sentence that says why and what to do."""
