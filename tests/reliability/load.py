"""Many clients at once, and what became of each of their requests."""

import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from ocr_client import OcrClient, OcrError, ServerOverloaded, ServerTimeout
from ocr_client.calls import Call, Infer
from ocr_client.transports import Transport

# Beyond its time: an answer may still be on its way through a busy machine.
GRACE_S = 0.5
KINDS: Mapping[type[OcrError], str] = {ServerOverloaded: "refused", ServerTimeout: "timed out"}


@dataclass
class Outcomes:
    """What became of requests, and of the attempts that they are made of.

    Attributes:
        requests: How many were "answered", "refused" (until their time was over), "timed out" or "failed".
        answered: How many of each image were answered.
        late: How many of all took longer than their time.
        wrong: How many answers were not what is in the image.
        attempts: Seconds of every attempt, by the same words.
        messages: One for each kind of failure.
        seconds: How long the load lasted, from the first request's start to the last one's end.
    """

    requests: Counter[str] = field(default_factory=Counter)
    answered: Counter[bytes] = field(default_factory=Counter)
    late: int = 0
    wrong: int = 0
    attempts: dict[str, list[float]] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def per_s(self) -> float:
        """Answers in time, a second."""
        return self.requests["answered"] / self.seconds if self.seconds else 0.0

    def percentile_s(self, kind: str, percent: float) -> float | None:
        """Of the attempts of a kind; None if there are none."""
        seconds = self.attempts.get(kind)
        return float(np.percentile(seconds, percent)) if seconds else None


class Watched:
    """A transport that notes how long each attempt to have an image read takes, and how it ends."""

    def __init__(self, transport: Transport, outcomes: Outcomes) -> None:
        self._transport, self._attempts = transport, outcomes.attempts

    def perform(self, call: Call) -> Any:
        """Do it and give what the call says."""
        if not isinstance(call, Infer):
            return self._transport.perform(call)
        start_s, kind = time.monotonic(), "answered"
        try:
            return self._transport.perform(call)
        except OcrError as error:
            kind = KINDS.get(type(error), "failed")
            raise
        finally:
            self._attempts.setdefault(kind, []).append(time.monotonic() - start_s)

    def close(self) -> None:
        """Let the connections go."""
        self._transport.close()


def load(
    url: str, texts: Mapping[bytes, str], *, clients: int, duration_s: float, timeout_s: float, retries: int = 3
) -> Outcomes:
    """Have so many clients ask one request after the other; those under way at the end are waited for.

    Args:
        url: Of the server.
        texts: Encoded images, and what is written in each.
        clients: How many ask at once.
        duration_s: No request begins later than this.
        timeout_s: Of each request.
        retries: 0: a request that is refused is not sent again.
    """
    outcomes, images, turns = Outcomes(), list(texts), count()
    with OcrClient(url, timeout_s=timeout_s, retries=retries) as client, ThreadPoolExecutor(clients) as pool:
        client._transports = {a: Watched(transport, outcomes) for a, transport in client._transports.items()}
        start_s = time.monotonic()

        def work() -> None:
            while time.monotonic() < start_s + duration_s:
                image = images[next(turns) % len(images)]
                _ask(client, image, texts[image], timeout_s, outcomes)

        for worker in [pool.submit(work) for _ in range(clients)]:
            worker.result()
    outcomes.seconds = time.monotonic() - start_s
    return outcomes


def _ask(client: OcrClient, image: bytes, text: str, timeout_s: float, outcomes: Outcomes) -> None:
    start_s, kind = time.monotonic(), "answered"
    try:
        outcomes.wrong += client.read(image).text != text
        outcomes.answered[image] += 1
    except OcrError as error:
        kind = KINDS.get(type(error), "failed")
        outcomes.messages.setdefault(kind, str(error))
    outcomes.late += time.monotonic() - start_s > timeout_s + GRACE_S
    outcomes.requests[kind] += 1
