"""The flags of tritonserver that every launch of these models needs."""

import dataclasses

from ocr_core.options import Options


def header_pattern() -> str:
    """Regular expression of the HTTP headers that become request parameters: the options, `Quad-Threshold` and such.

    >>> import re
    >>> bool(re.fullmatch(header_pattern(), "Quad-Threshold")), bool(re.fullmatch(header_pattern(), "Authorization"))
    (True, False)
    """
    return f"(?i){'|'.join(field.name.replace('_', '-') for field in dataclasses.fields(Options))}"


def common(repository: object, exit_timeout_s: float) -> list[str]:
    """Flags of both the embedded server and the image.

    Args:
        repository: Folder or address of the models.
        exit_timeout_s: How long requests in flight may take when the server is to stop.
    """
    return [
        f"--model-repository={repository}",
        # Configurations are complete. A server that guesses starts more slowly, and may guess otherwise.
        "--disable-auto-complete-config",
        f"--http-header-forward-pattern={header_pattern()}",
        f"--exit-timeout-secs={exit_timeout_s:.0f}",
    ]
