"""Keeps one tritonserver answering, whatever happens to its processes.

Triton itself never brings back a process of a Python step that died: it fails every request that meets it, and goes
on saying "ready". A process that is stopped and continued later takes tritonserver down. So every process is watched.
When one of a model is dead, stopped or stuck, the model is loaded anew; when that fails, or tritonserver is dead,
stopped or silent, all processes are ended and the server is started anew on the same ports.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from ocr_core.admission import Pages
from ocr_core.heartbeat import forget_beats
from ocr_launch import attempts, faults, processes, run_state
from ocr_launch.attempts import Attempts
from ocr_launch.errors import StartError
from ocr_launch.faults import Fault, Watch
from ocr_launch.gate import GATE, Gate
from ocr_launch.http_api import ApiError
from ocr_launch.journal import Journal
from ocr_launch.lookout import Lookout
from ocr_launch.metrics_door import MetricsDoor
from ocr_launch.ports import port_of
from ocr_launch.processes import Process
from ocr_launch.run_state import RunState
from ocr_launch.tritonserver import Crash, Plan, Tritonserver

LOOK_S = 0.5
ANSWER_TIMEOUT_S = 5.0
# A model may take so long to be loaded anew, and as long as the whole server took to start: on a machine that is slow
# or busy, a restart would take even longer. A start that builds TensorRT's engines is no measure.
RELOAD_TIMEOUT_S, MAX_RELOAD_TIMEOUT_S = 10.0, 60.0
# What the server answers when it is asked about a model that is not loaded.
UNLOADED = (400, 404)


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
        door = port_of(plan.gate.listening) if plan.gate else plan.api.port
        state = RunState(run_state.STARTING, plan.api.host, plan.api.port, door)
        self._journal = Journal(state, state_file, say)
        self._gate = Gate(plan.gate) if plan.gate else None
        self._lookout = Lookout(plan.api, self._journal, plan.kept, self._gate)
        self._server: Tritonserver | None = None
        # Of models that were loaded anew; they live on for as long as requests are in them.
        self._retired: set[psutil.Process] = set()
        self._reloads, self._restarts, self._gates = Attempts(), Attempts(), Attempts()
        self._metrics = MetricsDoor(plan.metrics, lambda: self.state) if plan.metrics else None
        self._start_s = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._is_watching = is_watching

    def __enter__(self) -> "Supervisor":
        """Start the server and wait until it is ready; a start that crashes is tried once more.

        Raises:
            StartError: It cannot start.
        """
        self._journal.begin()
        try:
            if self._metrics:
                self._metrics.start()
            if self._gate:
                self._gate.start()
            self._start_at_first()
            if self._gate:
                self._gate.wait_until_open(self._plan.start_timeout_s, self._is_cancelled)
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
        return self._journal.state

    def wait(self) -> None:
        """Wait until the supervisor gives up."""
        self._thread.join()

    def stop(self) -> None:
        """Stop watching, let requests in flight finish, and end the server."""
        self._stopping.set()
        self._lookout.end()
        try:
            if self._thread.is_alive():
                self._thread.join()
            if self.state.state != run_state.GAVE_UP:
                self._journal.note(run_state.STOPPING)
            if self._gate:
                self._gate.terminate()
        finally:
            server, self._server = self._server, None
            try:
                if server:
                    self.exit_status = server.stop(self._gate.has_ended if self._gate else lambda: False)
            finally:
                if self._gate:
                    self._gate.kill()
                if self._metrics:
                    self._metrics.close()

    def _start_at_first(self) -> None:
        try:
            self._start()
        except Crash as crash:
            self._journal.report(f"{crash}; it is started once more")
            if self._server:
                self._server.kill()
            self._start()

    def _start(self) -> None:
        """Launch a server, wait until it is ready, and note its processes.

        Raises:
            StartError: It does not become ready, or a process is missing.
        """
        began_s = time.monotonic()
        self._lookout.write_down()
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
            if lacking := self._missing(found):
                raise Crash(lacking)
        self._lookout.begin(found)
        self._journal.know({process.model for process in found if process.model} | ({GATE} if self._gate else set()))
        self._journal.note(run_state.SERVING)

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
        return (
            self._lookout.watch.look() or self._keep_gate() or self._lookout.look_inside(self._server, self._processes)
        )

    def _keep_gate(self) -> Fault | None:
        """Start the gate anew if it has died or was stopped; a fault of the server where that does not help."""
        if not (self._gate and (fault := self._gate.look())):
            return None
        began = time.monotonic()
        if not self._gates.may_begin():
            return fault
        self._gate.start()
        with suppress(StartError):  # the next look sees it
            self._gate.wait_until_open(ANSWER_TIMEOUT_S, self._is_cancelled)
        self._journal.count(f"{fault.sentence}; started it anew", began, GATE)
        return None

    def _cure(self, fault: Fault) -> bool:
        """Bring back what is missing; whether it is there again, or is not wanted."""
        if fault.models and self._server:
            # Whoever dies from here on is missed at the next look.
            found = [process for process in self._processes() if process.is_alive]
            if self._is_intended(found):
                self._lookout.watch = Watch(found)
                return True
        self._journal.note(run_state.RESTARTING, fault.sentence)
        return self._reload(fault) or self._restart(fault.sentence)

    def _is_intended(self, found: Sequence[Process]) -> bool:
        """Somebody with the key has unloaded a model, or loaded it anew: nothing is missing, or not to be there."""
        try:
            return self._missing(found) is None
        except ApiError as error:
            return error.status in UNLOADED

    def _missing(self, found: Sequence[Process]) -> str | None:
        """Which processes lack of those that there must be.

        Raises:
            ApiError: The server does not tell.
        """
        configs = self._plan.api.configs(ANSWER_TIMEOUT_S)
        return faults.missing(configs, self._plan.api.versions(configs, ANSWER_TIMEOUT_S), found)

    def _processes(self) -> list[Process]:
        """Those that count: of the server that runs now, and of its models as they were loaded last."""
        found = self._server.processes() if self._server else []
        return [process for process in found if process.handle not in self._retired]

    def _reload(self, fault: Fault) -> bool:
        """Have the running server load the models anew whose processes are gone; whether that was possible.

        The other models go on, and it takes a fraction of a restart.
        """
        began = time.monotonic()
        is_possible = self._plan.can_reload and fault.models
        if not is_possible or self._server is None or not self._reloads.may_begin():
            return False
        self._retired |= {process.handle for process in self._processes() if process.model in fault.models}
        timeout_s = min(max(RELOAD_TIMEOUT_S, self._start_s), MAX_RELOAD_TIMEOUT_S)
        try:
            self._lookout.keep_up()
            self._lookout.write_down()
            for model in sorted(fault.models):
                self._plan.api.reload(model, max(0, began + timeout_s - time.monotonic()))
            self._note_processes(self._processes())
            # Those that were in the lost process would be counted until their deadlines.
            Pages.of_server(self._server.pid).lose()
        except (ApiError, Crash, FileNotFoundError):
            return False
        forget_beats(self._server.pid, {process.handle.pid for process in self._lookout.watch.processes})
        models = sorted(fault.models)
        self._journal.count(f"{fault.sentence}; loaded {' and '.join(models)} anew", began, *models)
        return True

    def _restart(self, fault: str) -> bool:
        """Start the server anew, until it is ready or was started too often; whether it is ready."""
        while not self._stopping.is_set():
            began = time.monotonic()
            if not self._restarts.may_begin():
                self._journal.report(f"{fault}; the server was restarted {attempts.MOST} times in a minute: giving up")
                return False
            if self._server:
                self._server.kill()
            try:
                self._start()
            except StartError as error:
                self._journal.count(f"{fault}; started the server anew, but {error}", began)
                fault = "the new server failed"
            else:
                self._journal.count(f"{fault}; started the server anew", began)
                return True
        return True

    def _give_up(self) -> None:
        self._journal.note(run_state.GAVE_UP)
        self._lookout.end()
        server, self._server = self._server, None
        if server:
            server.kill()

    def _is_cancelled(self) -> bool:
        self._beat()
        return self._stopping.is_set()

    def _beat(self) -> None:
        """Show every now and then that the supervisor is alive, and bury orphans."""
        if self._journal.is_due:
            processes.reap_orphans(self.pid)
            self._journal.note(self.state.state)
