"""What a step knows of a request beside its tensors."""

import dataclasses
import time
from collections.abc import Callable

from ocr_core.options import Options


@dataclasses.dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        options: What it asks for by its parameters.
        timeout_s: How long the caller waits for the answer; None where the request does not say it.
        is_cancelled: Asks Triton whether the caller has gone.
        began_ns: When the step began with it, by `time.monotonic_ns`.
    """

    options: Options
    timeout_s: float | None = None
    is_cancelled: Callable[[], bool] = lambda: False
    began_ns: int = dataclasses.field(default_factory=time.monotonic_ns)
