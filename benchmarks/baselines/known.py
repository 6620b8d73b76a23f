"""Which peers there are, and what they need."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.baselines.engine import Peer
from downloads import Environment

# The same versions as ours of what does the work, so that the engines are compared and not their packages.
RAPIDOCR = Environment(
    "rapidocr",
    (
        "rapidocr==3.10.0",
        *(f"{name}=={version(name)}" for name in ("numpy", "onnxruntime", "opencv-python-headless", "pillow")),
    ),
)
FASTER_PADDLE = Environment("faster-paddle", ("faster-paddle==1.0.4",))


@dataclass(frozen=True, slots=True)
class Served:
    """The server that a peer may ask.

    Attributes:
        url: Its HTTP address.
        repository: Its models.
    """

    url: str
    repository: Path


def _two_requests(served: Served) -> Peer:
    module = "benchmarks.baselines.engines.two_requests"
    return Peer("two-requests", [sys.executable, "-m", module, served.url, served.repository])


def _rapidocr(_served: Served) -> Peer:
    return Peer("rapidocr", RAPIDOCR.command("-m", "benchmarks.baselines.engines.rapid"))


def _faster_paddle_small(_served: Served) -> Peer:
    return Peer(
        "faster-paddle-small",
        FASTER_PADDLE.command("-m", "benchmarks.baselines.engines.faster_paddle", "small"),
    )


def _faster_paddle_tiny(_served: Served) -> Peer:
    return Peer("faster-paddle-tiny", FASTER_PADDLE.command("-m", "benchmarks.baselines.engines.faster_paddle", "tiny"))


# Name → how to make it; that raises DownloadError where a package is out of reach.
PEERS: dict[str, Callable[[Served], Peer]] = {
    "rapidocr": _rapidocr,
    "faster-paddle-small": _faster_paddle_small,
    "faster-paddle-tiny": _faster_paddle_tiny,
    "two-requests": _two_requests,
}
