"""What is wrong with a server: a process is missing, dead, stopped or stuck, or tritonserver does not answer."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import psutil

from ocr_core.heartbeat import Beat
from ocr_launch.http_api import instances
from ocr_launch.processes import DEAD, Process
from ocr_launch.wedges import Wedges

# A stopped process is killed after being seen so often. Time does not count: where all processes were stopped and
# go on together, the supervisor as well, nothing is wrong.
STOPPED_LOOKS = 3
# So often in a row tritonserver may leave the question unanswered whether it is alive.
SILENT_ASKS = 3


@dataclasses.dataclass(frozen=True)
class Fault:
    """What has happened.

    Attributes:
        sentence: For people.
        models: Those whose processes it concerns; empty if it concerns the whole server.
    """

    sentence: str
    models: frozenset[str] = frozenset()


@dataclasses.dataclass
class Watch:
    """What was seen so far of the processes of one server.

    Attributes:
        processes: Those that must be there, tritonserver first.
        stopped: How often in a row a process was seen stopped, by its number.
        silent: How often in a row tritonserver did not answer.
        wedges: What was seen of what they are at.
    """

    processes: Sequence[Process]
    stopped: dict[int, int] = dataclasses.field(default_factory=dict)
    silent: int = 0
    wedges: Wedges = dataclasses.field(default_factory=Wedges)

    def look(self) -> Fault | None:
        """What is wrong now; None if nothing is. Stopped processes are killed: continued, they would do harm."""
        statuses = [(process, process.status()) for process in self.processes]
        stopped = [process for process, status in statuses if self._is_stopped_for_long(process, status)]
        for process in stopped:
            process.kill()
        dead = [process for process, status in statuses if status in DEAD]
        if not (stopped or dead):
            return None
        sentences = (*(f"{process} died" for process in dead), *(f"{process} was stopped" for process in stopped))
        models = frozenset(process.model for process in (*stopped, *dead))
        return Fault(" and ".join(sentences), frozenset() if "" in models else models)

    def look_closer(self, beats: Mapping[int, Beat]) -> Fault | None:
        """What is wrong inside the living processes, to be asked about once a second. Those that are stuck are killed.

        Args:
            beats: What the processes have noted, by their numbers.
        """
        stuck = self.wedges.look(self.processes, beats)
        for process, _, is_waiting in stuck:
            if not is_waiting:
                process.kill()
        if not stuck:
            return None
        sentence = " and ".join(f"{process} {how}" for process, how, _ in stuck)
        models = frozenset(process.model for process, _, _ in stuck)
        return Fault(sentence, frozenset() if any(is_waiting for *_, is_waiting in stuck) else models)

    @property
    def sees_stopped(self) -> bool:
        """A process was stopped when it was seen last, perhaps not for long."""
        return any(self.stopped.values())

    def add(self, found: Sequence[Process]) -> None:
        """Watch the living among these, too: somebody may have loaded a model."""
        known = {process.handle for process in self.processes}
        self.processes = [*self.processes, *(p for p in found if p.handle not in known and p.is_alive)]

    def note_answer(self, is_live: bool) -> Fault | None:
        """Count an answer of tritonserver, or a missing one; what is wrong if too many are missing."""
        self.silent = 0 if is_live else self.silent + 1
        return Fault(f"{self.processes[0]} does not answer") if self.silent >= SILENT_ASKS else None

    def _is_stopped_for_long(self, process: Process, status: str) -> bool:
        count = self.stopped.get(process.handle.pid, 0) + 1 if status == psutil.STATUS_STOPPED else 0
        self.stopped[process.handle.pid] = count
        return count >= STOPPED_LOOKS


def lacking(
    configs: Mapping[str, Mapping[str, Any]], versions: Mapping[str, Sequence[str]], found: Sequence[Process]
) -> Fault | None:
    """The models that have fewer living processes than instances; None if there are none.

    Models of the python backend have a process for each instance of each version. Those of ONNX Runtime have where that
    backend is written in Python, as on the embedded server; then one of them at least shows it.

    Args:
        configs: By the models' names.
        versions: Of each, those that are loaded; a model that is not among them counts as not loaded.
        found: The processes that there are.
    """
    alive = [(process.model, process.version) for process in found if process.is_alive]
    backends = {"python", *(configs[name].get("backend") for name, _ in alive if name in configs)}
    loaded = [(name, version) for name in configs for version in versions.get(name, ())]
    short = [
        (name, f"{count - alive.count((name, version))} of {count} processes of {name}")
        for name, version in loaded
        if configs[name].get("backend") in backends
        and alive.count((name, version)) < (count := instances(dict(configs[name])))
    ]
    sentence = " and ".join(told for _, told in short)
    return Fault(f"{sentence} died", frozenset(name for name, _ in short)) if short else None


def missing(
    configs: Mapping[str, Mapping[str, Any]], versions: Mapping[str, Sequence[str]], found: Sequence[Process]
) -> str | None:
    """A sentence on what a start lacks, see `lacking`; None if it lacks nothing."""
    fault = lacking(configs, versions, found)
    return f"{fault.sentence} while starting" if fault else None
