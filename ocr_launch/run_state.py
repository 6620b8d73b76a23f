"""What the supervisor knows, in a file for `ocr-health`: one JSON object, written anew every second."""

import dataclasses
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ocr_core.admission import Crowd
from ocr_launch import whole_file

STARTING, SERVING, RESTARTING, STOPPING, GAVE_UP = "starting", "serving", "restarting", "stopping", "gave up"
# Where ocr-serve writes.
TEMPORARY = "/tmp"  # noqa: S108 - a container has no other users
# A supervisor that has not written for so long is dead or stuck.
STALE_S = 30
KEPT_FAULTS = 20


@dataclasses.dataclass(frozen=True)
class RunState:
    """One moment of a supervised server.

    Attributes:
        state: One of the words above.
        host: Where the server listens for HTTP, and `port`.
        port: Of HTTP.
        door: The port that clients call; another one where a gate is in front of the server.
        restarts: How often the server, or a model of it, or the gate, was started anew.
        server_restarts: How often the whole server was.
        process_restarts: How often the processes of a model were, or the gate, by its name.
        faults: One sentence each, the latest last.
        trouble: What is being mended now; empty if nothing is.
        is_overloaded: It has refused images for long.
        pages: In the pipeline, of `places`.
        places: So many may be; 0 if no image has come yet.
        refused: Images, for want of a place, since the gate was first started, or tritonserver where there is no gate.
        late: Images that were given up as too late, since tritonserver was started.
        beat_s: When this was written, seconds of the machine's monotonic clock.
    """

    state: str
    host: str
    port: int
    door: int = 0
    restarts: int = 0
    server_restarts: int = 0
    process_restarts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    faults: tuple[str, ...] = ()
    trouble: str = ""
    is_overloaded: bool = False
    pages: int = 0
    places: int = 0
    refused: int = 0
    late: int = 0
    beat_s: float = 0.0

    @property
    def is_fresh(self) -> bool:
        """The supervisor that wrote this is alive."""
        return 0 <= time.monotonic() - self.beat_s < STALE_S

    def with_fault(self, sentence: str) -> "RunState":
        """The same with one more fault."""
        return dataclasses.replace(self, faults=(*self.faults, sentence)[-KEPT_FAULTS:])

    def with_restart(self, mended: Sequence[str]) -> "RunState":
        """The same with one more restart.

        Args:
            mended: What was started anew; nothing if it was the whole server.
        """
        counts = {name: self.process_restarts.get(name, 0) + 1 for name in mended}
        return dataclasses.replace(
            self,
            restarts=self.restarts + 1,
            server_restarts=self.server_restarts + (not mended),
            process_restarts={**self.process_restarts, **counts},
        )

    def with_crowd(self, crowd: Crowd, *, is_overloaded: bool) -> "RunState":
        """The same with what the pages in the pipeline tell."""
        return dataclasses.replace(
            self,
            is_overloaded=is_overloaded,
            pages=crowd.pages,
            places=crowd.places,
            refused=crowd.refused,
            late=crowd.late,
        )

    def write(self, file: Path) -> None:
        """Put it where `read` finds it, whole or not at all."""
        whole_file.write(file, json.dumps({**dataclasses.asdict(self), "beat_s": time.monotonic()}))


def temporary(environment: Mapping[str, str]) -> Path:
    """The folder for temporary files, as these environment variables say; it need not be one that can be written."""
    return Path(environment.get("TMPDIR") or TEMPORARY)


def file(environment: Mapping[str, str]) -> Path:
    """Where `ocr-serve` writes its state."""
    return temporary(environment) / "ocr-serve.json"


def read(file: Path) -> RunState | None:
    """The state of the server that writes this file; None if there is none."""
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return RunState(**{**fields, "faults": tuple(fields["faults"])})
