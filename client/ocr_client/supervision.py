"""What the launcher of a server on this machine knows: it writes that into a file, anew every second."""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ocr_client.address import Address

LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Of the image's launcher, and of `python -m server`.
FILES = ("ocr-serve.json", "ocr-triton-*/supervisor.json")
# A launcher that has not written for so long has ended.
STALE_S = 30
SERVING = "serving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervision:
    """A server that is kept running, as its launcher sees it.

    Attributes:
        state: "starting", "serving", "restarting", "stopping" or "gave up".
        trouble: What is being mended now; empty if nothing is.
        restarts: How often the server, or a model of it, was started anew.
        faults: Why, one sentence each, the latest last.
        is_overloaded: The server has refused images for half a minute.
        pages: How many images are in it.
        places: How many may be; 0 if none has come yet.
        refused: How many images were refused as there was no place, since the server was started.
        late: How many were given up as their time was over.
    """

    state: str
    trouble: str
    restarts: int
    faults: Sequence[str]
    is_overloaded: bool
    pages: int
    places: int
    refused: int
    late: int

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, a sentence each; empty if nothing is."""
        if self.state == SERVING:
            return ()
        return (f"the server is {self.state}" + (f": {self.trouble}" if self.trouble else ""),)

    def __str__(self) -> str:
        lines = [f"{self.pages} of {self.places or '?'} places are taken"]
        lines += [f"{self.refused} images were refused, {self.late} given up as too late"]
        lines += ["overloaded for long"] if self.is_overloaded else []
        if self.restarts:
            lines += [f"brought back {self.restarts} times, the last time: {self.faults[-1]}"]
        return "; ".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-ready values."""
        return asdict(self)


def find(address: Address) -> Supervision | None:
    """What the launcher of the server at an address knows; None if it is elsewhere, or unknown.

    Args:
        address: Of HTTP; the launcher's file does not tell the port of gRPC.
    """
    host, _, port = address.target.partition("/")[0].rpartition(":")
    if address.is_grpc or host.strip("[]") not in LOOPBACK:
        return None
    known = (content for content in _contents() if str(content.get("door")) == port)
    latest = max(known, key=lambda content: float(content["beat_s"]), default=None)
    names = [field.name for field in fields(Supervision)]
    if latest is None or not latest.keys() >= set(names):  # an older launcher tells less
        return None
    return Supervision(**{name: latest[name] for name in names})


def _contents() -> Iterator[dict[str, Any]]:
    """Of all files that living launchers of this user have written."""
    folder = Path(tempfile.gettempdir())
    for file in (file for pattern in FILES for file in folder.glob(pattern)):
        try:
            is_ours = file.stat().st_uid in (os.getuid(), 0)
            content = json.loads(file.read_text(encoding="utf-8")) if is_ours else {}
        except (OSError, ValueError):  # it has just ended
            continue
        if 0 <= time.monotonic() - content.get("beat_s", -STALE_S) < STALE_S:
            yield content
