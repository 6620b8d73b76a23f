"""The embedded Triton, put together for one run and kept running."""

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from ocr_core.server_files import BEAT, PAGES
from ocr_launch import layout, profiles, triton_flags
from ocr_launch.errors import StartError
from ocr_launch.gate import GatePlan
from ocr_launch.http_api import HttpApi
from ocr_launch.metrics_door import MetricsPlan
from ocr_launch.names import ENSEMBLE
from ocr_launch.repository import Repository
from ocr_launch.run_state import RunState
from ocr_launch.supervisor import Supervisor
from ocr_launch.tritonserver import Plan
from server import installation, requirements
from server.diagnosis import explain

LOOPBACK = ("127.0.0.1", "localhost", "::1")
STATE_FILE = "supervisor.json"


class TritonServer:
    """The embedded Triton as a context manager: ready inside the block, gone after it.

    Args:
        model_repository: Folder with the exported models.
        host: Address to listen on.
        http_port: 0 picks a free one, as for the other two.
        grpc_port: The same for gRPC.
        metrics_port: The same for Prometheus metrics.
        log: File for the server's own messages; by default one in a temporary folder.
        profile: Which configurations to take, with instances and threads for this machine; see `ocr_launch.profiles`.
        change: Further changes of the configurations, for benchmarks; see `ocr_launch.layout.arrange`.
        options: More flags for the tritonserver binary, such as `--log-verbose=1`.
        start_timeout_s: How long to wait until the models are ready.
        stop_timeout_s: How long requests in flight may take to finish.
        is_supervised: A process that dies or stops is brought back; without it, the server is left alone.

    Attributes:
        url: `host:port` of HTTP; likewise `grpc_url` and `metrics_url`.
        own_url: `host:port` of Triton's own port for HTTP, behind the gate: it answers for every model; likewise
            `own_grpc_url`.
        log: File with the server's own messages.
        layout: How the models share the machine.
    """

    def __init__(
        self,
        model_repository: Path,
        *,
        host: str = "127.0.0.1",
        http_port: int = 0,
        grpc_port: int = 0,
        metrics_port: int = 0,
        log: Path | None = None,
        profile: str = profiles.AUTO,
        change: layout.Change | None = None,
        options: Sequence[str] = (),
        start_timeout_s: float = 120,
        stop_timeout_s: float = 30,
        is_supervised: bool = True,
    ) -> None:
        self._model_repository = model_repository
        self._ports = {"http": http_port, "grpc": grpc_port, "metrics": metrics_port}
        self._host = host
        self._profile = profile
        self._change = change
        self._options = options
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s
        self._chosen_log = log
        self._is_supervised = is_supervised

    def __enter__(self) -> "TritonServer":
        """Start the server and wait until the ensemble is ready.

        Raises:
            StartError: It cannot start.
        """
        requirements.check_machine()
        requirements.check_version()
        requirements.check_numpy()
        requirements.check_options(self._options)
        library_directory = requirements.libpython_directory()
        repository = Repository(self._model_repository)
        self.layout = layout.choose(self._profile, requirements.check_gpu)
        server_files = installation.find_or_fetch()
        with contextlib.ExitStack() as doors:
            self._door = doors.enter_context(requirements.bind(self._host, self._ports["http"], "http"))
            self._grpc_door = doors.enter_context(requirements.reserve(self._host, self._ports["grpc"], "grpc"))
            self._start(repository, server_files, library_directory)
            doors.pop_all()  # they are closed with the gate
        return self

    def _start(self, repository: Repository, server_files: Path, library_directory: Path) -> None:
        # Triton has ports of its own, on this machine only.
        own_ports = {name: requirements.pick_port(LOOPBACK[0], 0, name) for name in self._ports}
        metrics_port = requirements.pick_port(self._host, self._ports["metrics"], "metrics")
        ports = (self._door.getsockname()[1], self._grpc_door.getsockname()[1], metrics_port)
        self.url, self.grpc_url, self.metrics_url = (f"{self._host}:{port}" for port in ports)
        self.own_url, self.own_grpc_url = (f"{LOOPBACK[0]}:{own_ports[name]}" for name in ("http", "grpc"))
        self._folder = Path(tempfile.mkdtemp(prefix="ocr-triton-"))
        self.log = self._chosen_log or self._folder / "triton.log"
        try:
            served = layout.arrange(repository, self.layout, self._folder / "models", self._change)
            installation.assemble_backends(server_files, self._folder / "backends")
            key = secrets.token_hex(24)  # nobody else knows it
            command = self._command(server_files, served, own_ports, repository.loaded, key)
            environment = _environment(installation.libraries(server_files), library_directory)
            plan = self._plan(
                command, environment, HttpApi(LOOPBACK[0], own_ports["http"], key), own_ports, metrics_port
            )
            self.log.write_bytes(b"")
            self._supervisor = Supervisor(plan, self._folder / STATE_FILE, _say, is_watching=self._is_supervised)
            self._supervisor.__enter__()
        except StartError as error:
            if message := self._explain(error):
                raise StartError(message) from error
            raise
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let requests in flight finish, then stop."""
        try:
            self._supervisor.stop()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The server's process id, which is that of the session of all its processes, too; a restart changes it."""
        return self._supervisor.pid

    @property
    def gate_pid(self) -> int:
        """The process id of the gate; a restart changes it."""
        return self._supervisor.gate_pid

    @property
    def state(self) -> RunState:
        """What the supervisor knows."""
        return self._supervisor.state

    def wait(self) -> None:
        """Wait until the server cannot be kept running."""
        self._supervisor.wait()

    def _explain(self, error: StartError) -> str:
        """The same with what the log says; empty if it says nothing. The folder stays where such a log is in it."""
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        if not (text and self.log.is_relative_to(self._folder)):
            shutil.rmtree(self._folder, ignore_errors=True)
        return explain(str(error), text, self.log) if text else ""

    def _plan(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        api: HttpApi,
        own_ports: Mapping[str, int],
        metrics_port: int,
    ) -> Plan:
        return Plan(
            command=command,
            environment={**environment, **self.layout.profile.environment},
            api=api,
            shared_memory=self._folder.name,
            log=self.log,
            start_timeout_s=self._start_timeout_s,
            stop_timeout_s=self._stop_timeout_s,
            gate=GatePlan(
                command=self._gate_command(own_ports),
                sockets=[self._door],
                reserved=self._grpc_door,
                directory=Path(__file__).parents[1],
                log=self.log,
            ),
            metrics=MetricsPlan(self._host, metrics_port, own_ports["metrics"]),
        )

    def _gate_command(self, own_ports: Mapping[str, int]) -> list[str]:
        doors = [
            f"--http-door={self._door.fileno()}:{own_ports['http']}",
            f"--grpc-door={self.grpc_url}:{own_ports['grpc']}",
        ]
        own_memory = [f"--own-memory={prefix}" for prefix in (self._folder.name, PAGES, BEAT)]
        timeout = f"--stop-timeout-s={self._stop_timeout_s}"
        return [sys.executable, "-m", "server.gate", *doors, f"--model={ENSEMBLE}", *own_memory, timeout]

    def _command(
        self,
        server_files: Path,
        served: Path,
        own_ports: Mapping[str, int],
        models: Sequence[str],
        key: str,
    ) -> list[str]:
        command = [str(server_files / "bin" / "tritonserver")]
        command += triton_flags.common(served, self._stop_timeout_s)
        command.append(f"--backend-directory={self._folder / 'backends'}")
        for name, port in own_ports.items():
            command += [f"--{name}-port={port}", f"--{name}-address={LOOPBACK[0]}"]
        # Clients on this machine may hand over images in shared memory; others have none in common with it.
        closed = triton_flags.RESTRICTED + (() if self._host in LOOPBACK else (triton_flags.SHARED_MEMORY,))
        command += triton_flags.explicit(models, closed, key)
        command += triton_flags.shared_memory(self._folder.name)
        return [*command, *self._options]


def _environment(libraries: Path, library_directory: Path) -> dict[str, str]:
    """Environment in which the Python backend's stub finds this Python and its packages."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    # The stub takes its packages from the python3 that is first on the path.
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment.get('PATH', '')}"
    paths = [str(libraries), str(library_directory), environment.get("LD_LIBRARY_PATH", "")]
    environment["LD_LIBRARY_PATH"] = ":".join(path for path in paths if path)
    return environment


def _say(sentence: str) -> None:
    print(f"Supervisor: {sentence}", file=sys.stderr, flush=True)
