"""Looks at a server and its processes again and again, and says what is wrong."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from ocr_core.admission import Pages
from ocr_launch import faults
from ocr_launch.faults import Fault, Watch
from ocr_launch.followed import Followed
from ocr_launch.gate import Gate
from ocr_launch.http_api import HttpApi
from ocr_launch.journal import Journal
from ocr_launch.machine import find_cores
from ocr_launch.overload import Overload
from ocr_launch.processes import Process
from ocr_launch.pulse import Pulse
from ocr_launch.served import Configs, Served, versions_asked_for
from ocr_launch.starvation import CoreTime
from ocr_launch.tritonserver import Tritonserver

CLOSER_S = 1.0
ASK_S = 2.0
LIVE_TIMEOUT_S = 3.0


class Lookout:
    """What was seen so far.

    Args:
        api: How to ask the server.
        journal: Where it is noted how many pages come.
        kept: Keeps the folder of the models in step with exports and operators; None where nothing is to be kept so.
        gate: In front of the server, if there is one.

    Attributes:
        watch: What was seen of the processes that must be there.
    """

    def __init__(self, api: HttpApi, journal: Journal, kept: Served | Followed | None, gate: Gate | None) -> None:
        self.watch = Watch(())
        self._api, self._journal, self._kept, self._gate = api, journal, kept, gate
        self._pulse = self._new_pulse()
        self._overload = Overload()
        self._asked_s = self._closer_s = 0.0

    def begin(self, found: Sequence[Process]) -> None:
        """Watch these processes from now on, and nothing of what was seen before counts."""
        self.watch = Watch(found)
        self._pulse.end()
        self._pulse = self._new_pulse()
        self._pulse.start()

    def end(self) -> None:
        """Ask no more."""
        self._pulse.end()

    def keep_up(self) -> Configs:
        """Note which versions the server has loaded, and offer it those that are new; gives the configurations."""
        return self._kept.keep_up(self._api, LIVE_TIMEOUT_S) if self._kept else {}

    def write_down(self) -> None:
        """Have what is loaded next load the versions that were noted."""
        if self._kept:
            self._kept.write()

    def look_inside(self, server: Tritonserver | None, find: Callable[[], Sequence[Process]]) -> Fault | None:
        """What is wrong although no process is dead or stopped.

        Args:
            server: That runs now, if any does.
            find: Gives the processes that it has now.
        """
        if self._pulse.is_stuck:
            return Fault("no image was read for long, though all processes live")
        if self.watch.sees_stopped or server is None:  # an answer of a stopped server would be waited for
            return None
        return self._look_closer(server) or self._ask(find)

    def _new_pulse(self) -> Pulse:
        return Pulse(self._api, self._core_time, find_cores().available)

    def _core_time(self) -> CoreTime:
        return CoreTime.of(process.handle.pid for process in self.watch.processes)

    def _look_closer(self, server: Tritonserver) -> Fault | None:
        """Now and then, look at what the processes are at, and how many pages come."""
        if time.monotonic() - self._closer_s < CLOSER_S:
            return None
        self._closer_s = time.monotonic()
        with suppress(FileNotFoundError):  # the server has just died
            crowd = Pages.of_server(server.pid).crowd()
            crowd = self._gate.with_refused(crowd) if self._gate else crowd
            self._overload.note(crowd.refused_s_ago)
            self._journal.note_crowd(crowd, is_overloaded=self._overload.is_lasting)
        return self.watch.look_closer(server.beats())

    def _ask(self, find: Callable[[], Sequence[Process]]) -> Fault | None:
        """Now and then, or if it has not answered the last time, ask tritonserver whether it is alive."""
        if time.monotonic() - self._asked_s < ASK_S:
            return None
        if not self._api.is_live(LIVE_TIMEOUT_S):
            return self.watch.note_answer(is_live=False)
        self._asked_s = time.monotonic()
        self.watch.note_answer(is_live=True)
        configs, found = self.keep_up(), find()
        self.watch.add(found)
        # One that dies before it was seen is never watched.
        return faults.lacking(configs, versions_asked_for(configs), found)
