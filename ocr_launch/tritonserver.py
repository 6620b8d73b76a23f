"""One tritonserver and its children: launched, waited for, ended."""

import contextlib
import dataclasses
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ocr_core import heartbeat
from ocr_core.pages_file import forget_pages
from ocr_launch import machine, processes
from ocr_launch.errors import StartError
from ocr_launch.followed import Followed
from ocr_launch.gate import GatePlan
from ocr_launch.http_api import HttpApi
from ocr_launch.metrics_door import MetricsPlan
from ocr_launch.processes import Process
from ocr_launch.served import Served

POLL_S = 0.1
READY_TIMEOUT_S = 5
# Triton 2.51 puts a body that is sent as a form, as curl does by default, on a stack: 8 MB of them ended it.
STACK_BYTES = 256 * 2**20
# What the server takes beyond its own time to end before it is killed.
STOP_GRACE_S = 3
# Killed processes are gone at once, unless the kernel is at work for them.
KILL_TIMEOUT_S = 5


class Crash(StartError):
    """A start failed in a way that another start may not: the server or one of its processes died."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a server is run.

    Attributes:
        command: tritonserver with its flags.
        environment: All of its environment variables.
        api: How to ask it.
        shared_memory: How the names of its regions in /dev/shm begin.
        log: File for its messages; None leaves them where ours go.
        start_timeout_s: How long it may take until it is ready.
        stop_timeout_s: How long requests in flight may take when it is to stop.
        gate: What is in front of it.
        metrics: Where it is asked for metrics; None where nobody wants them.
        kept: Keeps the folder of its models in step with exports and operators; None where nothing is to be kept so.
        can_reload: A model can be loaded anew while the others go on.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    api: HttpApi
    shared_memory: str
    log: Path | None
    start_timeout_s: float
    stop_timeout_s: float
    gate: GatePlan | None = None
    metrics: MetricsPlan | None = None
    kept: Served | Followed | None = None
    can_reload: bool = True

    @property
    def tells_at_the_end(self) -> bool:
        """Triton has more to do than to end once all is answered: it hands over the traces that it still has."""
        return any(argument.startswith("--trace") for argument in self.command)


class Tritonserver:
    """A server that runs; it is launched when this is made.

    Attributes:
        pid: Its process id, which is that of the session of all its processes, too.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._process = _launch(plan)
        self.pid = self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def wait_until_ready(self, is_cancelled: Callable[[], bool]) -> None:
        """Wait until the models can be asked, or until nobody wants to any more.

        Raises:
            Crash: A signal has ended the server.
            StartError: It has ended by itself, or takes too long.
        """
        deadline = time.monotonic() + self._plan.start_timeout_s
        while not (is_cancelled() or self._plan.api.is_ready(READY_TIMEOUT_S)):
            if (status := self.status) is not None:
                raise (Crash if status < 0 else StartError)(f"the server {describe(status)} while starting")
            if time.monotonic() > deadline:
                raise StartError(f"the server is not ready after {self._plan.start_timeout_s:.0f} s")
            time.sleep(POLL_S)

    def processes(self) -> list[Process]:
        """Its processes, tritonserver first."""
        return processes.find(self.pid)

    def beats(self) -> Mapping[int, heartbeat.Beat]:
        """What its processes are at, by their numbers, as far as they note it."""
        return heartbeat.beats(self.pid)

    def stop(self, is_all_answered: Callable[[], bool]) -> int:
        """Let requests in flight finish, then end it.

        Triton by itself ends much later: it takes a second and more for each process of a Python model, one after the
        other (`ModelInstanceState::~ModelInstanceState` of its Python backend).

        Args:
            is_all_answered: Whether nobody waits for anything any more.

        Returns:
            Its exit status; 0 where it was ended because all was answered.
        """
        children = self.processes()[1:]
        self._process.terminate()
        deadline = time.monotonic() + self._plan.stop_timeout_s + STOP_GRACE_S
        is_over = False
        try:
            while self.status is None and time.monotonic() < deadline and not is_over:
                time.sleep(POLL_S)
                is_over = is_all_answered() and not self._plan.tells_at_the_end
            status = 0 if is_over else self.status
        finally:
            # What is left: all of it after the timeout or a second signal, and the children of a server that was
            # stopped while it started them.
            self._kill(children)
        return self._process.wait() if status is None else status

    def kill(self) -> None:
        """End all of its processes at once, and remove what they leave in /dev/shm."""
        self._kill(self.processes()[1:])

    def _kill(self, children: Sequence[Process]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        # Until they are gone, they hold the ports.
        processes.wait_for_end(children, KILL_TIMEOUT_S)
        for region in machine.SHARED_MEMORY.glob(f"{self._plan.shared_memory}*"):
            region.unlink(missing_ok=True)
        forget_pages(self.pid)
        heartbeat.forget_beats(self.pid)


def describe(status: int) -> str:
    """How a process ended, for people.

    >>> describe(1), describe(-6)
    ('ended with status 1', 'was ended by SIGABRT')
    """
    return f"ended with status {status}" if status >= 0 else f"was ended by {signal.Signals(-status).name}"


def _launch(plan: Plan) -> "subprocess.Popen[bytes]":
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(plan.log.open("ab")) if plan.log else None
        return subprocess.Popen(  # noqa: S603 - our own command, no shell
            plan.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT if log else None,
            env={**processes.MALLOC, **plan.environment},
            start_new_session=True,  # Ctrl-C in the terminal reaches us, and we stop the server in order
            preexec_fn=_prepare,  # noqa: PLW1509 - system calls only, no lock is taken
        )


def _prepare() -> None:
    """Let it end with the launcher, and have larger stacks."""
    processes.end_with_parent()
    _, most = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES if most < 0 else min(STACK_BYTES, most), most))
