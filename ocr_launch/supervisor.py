"""Keeps one tritonserver answering, whatever happens to its processes.

Triton itself never brings back a process of a Python step that died: it fails every request that meets it, and goes
on saying "ready". A process that is stopped and continued later takes tritonserver down. So every process is watched.
When one of a model is dead, stopped or stuck, the model is loaded anew; when that fails, or tritonserver is dead,
stopped or silent, all processes are ended and the server is started anew on the same ports.
"""

import dataclasses
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from ocr_core.admission import Pages
from ocr_core.heartbeat import forget_beats
from ocr_core.pages_file import pages_file
from ocr_launch import faults, processes, run_state
from ocr_launch.errors import StartError
from ocr_launch.faults import Fault, Watch
from ocr_launch.gate import Gate
from ocr_launch.http_api import ApiError
from ocr_launch.overload import Overload
from ocr_launch.processes import Process
from ocr_launch.pulse import Pulse
from ocr_launch.run_state import RunState
from ocr_launch.tritonserver import Crash, Plan, Tritonserver

LOOK_S = 0.25
CLOSER_S = 1.0
ASK_S = 2.0
BEAT_S = 1.0
LIVE_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 5.0
# A model may take so long to be loaded anew, and as long as the whole server took to start: on a machine that is slow
# or busy, a restart would take even longer. A start that builds TensorRT's engines is no measure.
RELOAD_TIMEOUT_S, MAX_RELOAD_TIMEOUT_S = 10.0, 60.0
# What the server answers when it is asked about a model that is not loaded.
UNLOADED = (400, 404)
# So often in so many seconds a model may be loaded anew before the server is, and the server before it is given up.
MOST, WINDOW_S = 5, 60.0


class Supervisor:
    """A supervised server as a context manager: it answers inside the block, and is gone after it.

    Args:
        plan: How the server is run.
        state_file: Where `ocr-health` finds what is known.
        say: Takes one sentence a fault.
        is_watching: False leaves the server alone once it is ready.

    Attributes:
        exit_status: That of tritonserver once it has been stopped; 1 if the supervisor has given up.
    """

    def __init__(self, plan: Plan, state_file: Path, say: Callable[[str], None], *, is_watching: bool = True) -> None:
        self.exit_status = 1
        self._plan = plan
        self._state_file = state_file
        self._say = say
        door = plan.gate.sockets[0].getsockname()[1] if plan.gate else plan.api.port
        self._state = RunState(run_state.STARTING, plan.api.host, plan.api.port, door)
        self._server: Tritonserver | None = None
        self._watch = Watch(())
        # Of models that were loaded anew; they live on for as long as requests are in them.
        self._retired: set[psutil.Process] = set()
        self._pulse = Pulse(plan.api)
        self._reloads: deque[float] = deque(maxlen=MOST)
        self._restarts: deque[float] = deque(maxlen=MOST)
        self._gate = Gate(plan.gate) if plan.gate else None
        self._gates: deque[float] = deque(maxlen=MOST)
        self._asked_s = self._beat_s = self._closer_s = self._start_s = 0.0
        self._overload = Overload()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._is_watching = is_watching

    def __enter__(self) -> "Supervisor":
        """Start the server and wait until it is ready; a start that crashes is tried once more.

        Raises:
            StartError: It cannot start.
        """
        try:
            self._write_state()
        except OSError as error:
            raise StartError(f"cannot write {self._state_file} ({error.strerror})") from error
        try:
            if self._gate:
                self._gate.start()
            self._start_at_first()
        except BaseException:
            self.stop()
            raise
        if self._is_watching:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let requests in flight finish, then stop."""
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the tritonserver that runs now."""
        return self._server.pid if self._server else 0

    @property
    def gate_pid(self) -> int:
        """The process id of the gate that runs now; 0 without one."""
        return self._gate.pid if self._gate else 0

    @property
    def state(self) -> RunState:
        """What is known of the server."""
        return self._state

    def wait(self) -> None:
        """Wait until the supervisor gives up."""
        self._thread.join()

    def stop(self) -> None:
        """Stop watching, let requests in flight finish, and end the server."""
        self._stopping.set()
        self._pulse.end()
        try:
            if self._thread.is_alive():
                self._thread.join()
            if self._state.state != run_state.GAVE_UP:
                self._note(run_state.STOPPING)
            if self._gate:
                self._gate.terminate()
        finally:
            server, self._server = self._server, None
            try:
                if server:
                    self.exit_status = server.stop()
            finally:
                if self._gate:
                    self._gate.close()

    def _start_at_first(self) -> None:
        try:
            self._start()
        except Crash as crash:
            self._report(f"{crash}; it is started once more")
            if self._server:
                self._server.kill()
            self._start()

    def _start(self) -> None:
        """Launch a server, wait until it is ready, and note its processes.

        Raises:
            StartError: It does not become ready, or a process is missing.
        """
        began_s = time.monotonic()
        self._server = server = Tritonserver(self._plan)
        server.wait_until_ready(self._is_cancelled)
        self._start_s = time.monotonic() - began_s
        if not self._stopping.is_set():
            self._retired.clear()
            self._note_processes(server.processes())

    def _note_processes(self, found: Sequence[Process]) -> None:
        """Watch these from now on.

        Raises:
            Crash: There are fewer than there must be.
        """
        with suppress(ApiError):  # where the configurations are closed, the processes that there are must do
            if lacking := faults.missing(self._plan.api.configs(ANSWER_TIMEOUT_S), found):
                raise Crash(lacking)
        self._watch = Watch(found)
        self._pulse.end()
        self._pulse = Pulse(self._plan.api)
        self._pulse.start()
        self._note(run_state.SERVING)

    def _run(self) -> None:
        """Watch until the server is to stop, or cannot be kept running."""
        try:
            while not self._stopping.wait(LOOK_S):
                if (fault := self._look()) and not self._cure(fault):
                    return
        finally:
            if not self._stopping.is_set():
                self._give_up()

    def _look(self) -> Fault | None:
        self._beat()
        if fault := self._watch.look() or self._keep_gate():
            return fault
        if self._pulse.is_stuck:
            return Fault("no image was read for long, though all processes live")
        if self._watch.sees_stopped:  # an answer would be waited for
            return None
        return self._look_closer() or self._ask()

    def _look_closer(self) -> Fault | None:
        """Now and then, look at what the processes are at, and how many pages come."""
        if self._server is None or time.monotonic() - self._closer_s < CLOSER_S:
            return None
        self._closer_s = time.monotonic()
        with suppress(FileNotFoundError):  # the server has just died
            crowd = Pages(pages_file(self._server.pid)).crowd()
            self._overload.note(crowd.refused_s_ago)
            self._state = self._state.with_crowd(crowd, is_overloaded=self._overload.is_lasting)
        return self._watch.look_closer(self._server.beats())

    def _ask(self) -> Fault | None:
        """Now and then, or if it has not answered the last time, ask tritonserver whether it is alive."""
        if time.monotonic() - self._asked_s < ASK_S:
            return None
        if self._server:
            self._watch.add(self._processes())
        if is_live := self._plan.api.is_live(LIVE_TIMEOUT_S):
            self._asked_s = time.monotonic()
        return self._watch.note_answer(is_live)

    def _keep_gate(self) -> Fault | None:
        """Start the gate anew if it has died or was stopped; a fault of the server where that does not help."""
        if not (self._gate and (fault := self._gate.look())):
            return None
        began = time.monotonic()
        if _is_too_often(self._gates, began):
            return fault
        self._gates.append(began)
        self._gate.start()
        self._count(f"{fault.sentence}; started it anew", began)
        return None

    def _cure(self, fault: Fault) -> bool:
        """Bring back what is missing; whether it is there again, or is not wanted."""
        if fault.models and self._server and self._is_intended():
            self._watch = Watch([process for process in self._processes() if process.is_alive])
            return True
        self._state = dataclasses.replace(self._state, trouble=fault.sentence)
        self._note(run_state.RESTARTING)
        return self._reload(fault) or self._restart(fault.sentence)

    def _is_intended(self) -> bool:
        """Somebody with the key has unloaded a model, or loaded it anew: nothing is missing, or not to be there."""
        try:
            configs = self._plan.api.configs(ANSWER_TIMEOUT_S)
        except ApiError as error:
            return error.status in UNLOADED
        return faults.missing(configs, self._processes()) is None

    def _processes(self) -> list[Process]:
        """Those that count: of the server that runs now, and of its models as they were loaded last."""
        found = self._server.processes() if self._server else []
        return [process for process in found if process.handle not in self._retired]

    def _reload(self, fault: Fault) -> bool:
        """Have the running server load the models anew whose processes are gone; whether that was possible.

        The other models go on, and it takes a fraction of a restart.
        """
        began = time.monotonic()
        if not fault.models or self._server is None or _is_too_often(self._reloads, began):
            return False
        self._reloads.append(began)
        self._retired |= {process.handle for process in self._processes() if process.model in fault.models}
        timeout_s = min(max(RELOAD_TIMEOUT_S, self._start_s), MAX_RELOAD_TIMEOUT_S)
        try:
            for model in sorted(fault.models):
                self._plan.api.reload(model, max(0, began + timeout_s - time.monotonic()))
            self._note_processes(self._processes())
            # Those that were in the lost process would be counted until their deadlines.
            Pages(pages_file(self._server.pid)).lose()
        except (ApiError, Crash, FileNotFoundError):
            return False
        forget_beats(self._server.pid, {process.handle.pid for process in self._watch.processes})
        self._count(f"{fault.sentence}; loaded {' and '.join(sorted(fault.models))} anew", began)
        return True

    def _restart(self, fault: str) -> bool:
        """Start the server anew, until it is ready or was started too often; whether it is ready."""
        while not self._stopping.is_set():
            began = time.monotonic()
            if _is_too_often(self._restarts, began):
                self._report(f"{fault}; the server was restarted {MOST} times in a minute: giving up")
                return False
            self._restarts.append(began)
            if self._server:
                self._server.kill()
            try:
                self._start()
            except StartError as error:
                self._count(f"{fault}; started the server anew, but {error}", began)
                fault = "the new server failed"
            else:
                self._count(f"{fault}; started the server anew", began)
                return True
        return True

    def _give_up(self) -> None:
        self._note(run_state.GAVE_UP)
        self._pulse.end()
        server, self._server = self._server, None
        if server:
            server.kill()

    def _count(self, sentence: str, began_s: float) -> None:
        self._state = dataclasses.replace(self._state, restarts=self._state.restarts + 1)
        self._report(f"{sentence} ({time.monotonic() - began_s:.1f} s)")

    def _report(self, sentence: str) -> None:
        self._say(sentence)
        self._state = self._state.with_fault(sentence)
        self._note(self._state.state)

    def _note(self, state: str) -> None:
        trouble = self._state.trouble if state == run_state.RESTARTING else ""
        self._state = dataclasses.replace(self._state, state=state, trouble=trouble)
        with suppress(OSError):  # a full disk must not end the supervision
            self._write_state()

    def _is_cancelled(self) -> bool:
        self._beat()
        return self._stopping.is_set()

    def _beat(self) -> None:
        """Show every now and then that the supervisor is alive, and bury orphans."""
        if time.monotonic() - self._beat_s > BEAT_S:
            processes.reap_orphans(self.pid)
            self._note(self._state.state)

    def _write_state(self) -> None:
        self._beat_s = time.monotonic()
        self._state.write(self._state_file)


def _is_too_often(times_s: "deque[float]", now_s: float) -> bool:
    return len(times_s) == MOST and now_s - times_s[0] < WINDOW_S
