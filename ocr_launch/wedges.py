"""Which processes are stuck at one piece of work: they live, and look well from outside.

On a slow or crowded machine a piece of work takes long, but it takes no more of a core's time, and some of it all the
time. So the time of the cores counts, and how often a process was seen, never the clock: where all processes were
halted together, nothing is wrong.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from ocr_core.heartbeat import Beat, State
from ocr_launch.processes import Process

# The largest page takes two seconds of a core in the costliest step.
BUSY_S = 20.0
# A process that works was seen so often in a row, once a second, without having had any time of a core.
STILL_LOOKS = 5
# One that waits for another model was seen so often in a row, and nothing has come.
WAITING_LOOKS = 120


@dataclasses.dataclass
class _Piece:
    """A piece of work, as far as it was watched.

    Attributes:
        beat: It lasts as long as this stays the same.
        began_s: A core's time that the process had had when it was seen at it for the second time. Infinite before:
            most pieces are short, and asking the kernel takes longer than all else.
        used_s: The same when it was seen last.
        looks: How often it was seen.
        still: How often in a row without any time since.
    """

    beat: Beat
    began_s: float = math.inf
    used_s: float = 0.0
    looks: int = 0
    still: int = 0

    def see(self, process: Process) -> None:
        """Look at the process once more."""
        self.looks += 1
        if self.beat.state is State.WAITING:
            return
        before, self.used_s = self.used_s, process.cpu_s()
        if math.isinf(self.began_s):
            self.began_s = self.used_s
            return
        # One that waits for a disk is held up by that.
        self.still = self.still + 1 if self.used_s == before and not process.is_at_disk else 0

    @property
    def fault(self) -> str | None:
        """What is wrong, if anything is."""
        if self.beat.state is State.WAITING:
            return "waits for another model that does not answer" if self.looks >= WAITING_LOOKS else None
        if self.used_s - self.began_s > BUSY_S:
            return f"has been at one request for {self.used_s - self.began_s:.0f} s of a core"
        return "stands still" if self.still >= STILL_LOOKS else None


class Wedges:
    """What was seen so far, of processes that note their work."""

    def __init__(self) -> None:
        self._pieces: dict[int, _Piece] = {}

    def look(self, processes: Sequence[Process], beats: Mapping[int, Beat]) -> list[tuple[Process, str, bool]]:
        """Look once; to be called about once a second.

        Args:
            processes: To look at.
            beats: What they have noted, by their numbers.

        Returns:
            Those that are stuck, how, and whether another one's silence is the reason.
        """
        seen = self._pieces
        self._pieces = {}
        for process in processes:
            beat = beats.get(process.handle.pid, Beat())
            if beat.state is not State.IDLE:
                piece = seen.get(process.handle.pid)
                self._pieces[process.handle.pid] = self._look_at(process, beat, piece)
        found = [(process, self._pieces.get(process.handle.pid)) for process in processes]
        return [
            (process, piece.fault, piece.beat.state is State.WAITING)
            for process, piece in found
            if piece and piece.fault
        ]

    def _look_at(self, process: Process, beat: Beat, piece: _Piece | None) -> _Piece:
        if piece is None or piece.beat != beat:
            return _Piece(beat)
        piece.see(process)
        return piece
