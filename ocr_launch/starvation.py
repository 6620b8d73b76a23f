"""Whether a server gets the cores that it asks for: on a starved machine it is slow, and a new start would be slower.

The kernel counts for each thread how long it has run and how long it was ready to run and had to wait (the file
`schedstat`, described in the kernel's scheduler documentation). A server that is stuck does neither, or runs as much
as there is; one that waits nearly always is kept from the cores by other programs.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
NS_PER_S = 1e9
# A server that gets less than this share of what it could have is starved: all its deadlines are off by as much.
STARVED_SHARE = 0.2
# It hardly asks for a core if it asks for less than this share of the time.
IDLE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class CoreTime:
    """What the threads of a server have had by some moment, seconds.

    Attributes:
        at_s: The moment, of a clock that never goes back.
        ran_s: How long they have run.
        waited_s: How long they were ready and had to wait.
    """

    at_s: float
    ran_s: float
    waited_s: float

    @classmethod
    def of(cls, pids: Iterable[int], clock_s: Callable[[], float] = time.monotonic) -> "CoreTime":
        """That of all threads of some processes; where the kernel does not count it, nothing has run or waited."""
        counts = [_counts(path) for pid in pids for path in PROC.glob(f"{pid}/task/*/schedstat")]
        return cls(clock_s(), sum(ran for ran, _ in counts), sum(waited for _, waited in counts))

    def is_starved_since(self, before: "CoreTime", cores: float) -> bool:
        """Other programs had most of the time that this server could have used since then.

        >>> CoreTime(20, 0.1, 30).is_starved_since(CoreTime(0, 0, 0), cores=2)
        True
        >>> CoreTime(20, 39, 120).is_starved_since(CoreTime(0, 0, 0), cores=2)  # its own threads wait for one another
        False

        Args:
            before: An earlier moment.
            cores: That the server may use.
        """
        elapsed_s = self.at_s - before.at_s
        ran_s = self.ran_s - before.ran_s
        asked_s = ran_s + self.waited_s - before.waited_s
        if asked_s < IDLE_SHARE * elapsed_s:
            return False
        return ran_s < STARVED_SHARE * min(asked_s, cores * elapsed_s)


def _counts(schedstat: Path) -> tuple[float, float]:
    with suppress(OSError):  # the thread has just ended
        ran_ns, waited_ns = schedstat.read_text().split()[:2]
        return int(ran_ns) / NS_PER_S, int(waited_ns) / NS_PER_S
    return 0.0, 0.0
