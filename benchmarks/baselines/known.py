"""Who is known: engines, with the packages that they need, and other weights for this service."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.baselines.engine import Engine
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
    """The server that an engine may ask.

    Attributes:
        url: Its HTTP address.
        own_url: That of Triton itself, which answers for every model.
        root: Folder with its models.
    """

    url: str
    own_url: str
    root: Path


def _two_requests(served: Served) -> Engine:
    module = "benchmarks.baselines.engines.two_requests"
    return Engine("two-requests", [sys.executable, "-m", module, served.own_url, served.root])


def _rapidocr(_served: Served) -> Engine:
    return Engine("rapidocr", RAPIDOCR.command("-m", "benchmarks.baselines.engines.rapid"))


def _faster_paddle(size: str) -> Callable[[Served], Engine]:
    module = "benchmarks.baselines.engines.faster_paddle"
    return lambda _served: Engine(f"faster-paddle-{size}", FASTER_PADDLE.command("-m", module, size))


# Name → how to make it; that raises DownloadError where a package is out of reach.
ENGINES: dict[str, Callable[[Served], Engine]] = {
    "rapidocr": _rapidocr,
    "faster-paddle-small": _faster_paddle("small"),
    "faster-paddle-tiny": _faster_paddle("tiny"),
    "two-requests": _two_requests,
}

# Other weights for this service: names of detectors that are names of recognizers, too.
PAIRS = ("ppocrv6-tiny",)
