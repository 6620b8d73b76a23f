"""The embedded Triton, put together for one run and kept running."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from ocr_launch import control, gate, layout, ports, profiles, triton_flags
from ocr_launch.errors import StartError
from ocr_launch.http_api import HttpApi
from ocr_launch.metrics_door import MetricsPlan
from ocr_launch.models import Models, Source
from ocr_launch.ports import GRPC, HTTP, METRICS, Address, Doors, port_of
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
        model_repository: Folder with the exported models, or an address such as `s3://…`, configured as they are.
        host: Address to listen on.
        http_port: 0 picks a free one, as for the other two.
        grpc_port: The same for gRPC.
        metrics_port: The same for Prometheus metrics.
        log: File for the server's own messages; by default one in a temporary folder.
        profile: Which configurations to take, with instances and threads for this machine; see `ocr_launch.profiles`.
        change: Further changes of the configurations, for benchmarks; see `ocr_launch.layout.arrange`.
        options: More flags for the tritonserver binary, such as `--log-verbose=1`.
        version: Of the models, to start with; by default the newest.
        control_mode: Who says which models are loaded, one of `ocr_launch.control.MODES`.
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
        model_repository: Path | str,
        *,
        host: str = "127.0.0.1",
        http_port: int = 0,
        grpc_port: int = 0,
        metrics_port: int = 0,
        log: Path | None = None,
        profile: str = profiles.AUTO,
        change: layout.Change | None = None,
        options: Sequence[str] = (),
        version: int | None = None,
        control_mode: str = control.EXPLICIT,
        start_timeout_s: float = 120,
        stop_timeout_s: float = 30,
        is_supervised: bool = True,
    ) -> None:
        self._source = Source(str(model_repository), version, control_mode)
        numbers = {HTTP: http_port, GRPC: grpc_port, METRICS: metrics_port}
        self._addresses = {name: Address(host, port) for name, port in numbers.items()}
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
        control.check(self._options, "--model-control none, explicit or poll")
        library_directory = requirements.libpython_directory()
        self.layout = layout.choose(self._profile, requirements.check_gpu)
        server_files = installation.find_or_fetch()
        with contextlib.ExitStack() as stack:
            self._start(server_files, library_directory, ports.open_doors(self._addresses, stack))
            self._sockets = stack.pop_all()
        return self

    def _start(self, server_files: Path, library_directory: Path, doors: Doors) -> None:
        urls = {name: f"{self._host}:{port_of(door)}" for name, door in doors.sockets.items()}
        self.url, self.grpc_url, self.metrics_url = urls[HTTP], urls[GRPC], urls[METRICS]
        self.own_url, self.own_grpc_url = (f"{ports.LOOPBACK}:{doors.own[name]}" for name in (HTTP, GRPC))
        self._folder = Path(tempfile.mkdtemp(prefix="ocr-triton-"))
        self.log = self._chosen_log or self._folder / "triton.log"
        try:
            models = self._source.prepare(self.layout, self._folder / "models", self._change)
            installation.assemble_backends(server_files, self._folder / "backends")
            key = triton_flags.admin_key(os.environ)
            command = self._command(server_files, models, doors.own, key)
            environment = _environment(installation.libraries(server_files), library_directory)
            plan = self._plan(command, environment, key, doors, models)
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
            self._sockets.close()
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
        self, command: Sequence[str], environment: dict[str, str], key: str, doors: Doors, models: Models
    ) -> Plan:
        return Plan(
            command=command,
            environment={**environment, **self.layout.profile.environment},
            api=HttpApi(ports.LOOPBACK, doors.own[HTTP], key, models.ensembles),
            shared_memory=self._folder.name,
            log=self.log,
            start_timeout_s=self._start_timeout_s,
            stop_timeout_s=self._stop_timeout_s,
            gate=gate.plan(doors, self._folder.name, self._stop_timeout_s, self.log, models.ensembles),
            metrics=MetricsPlan(doors.sockets[METRICS], doors.own[METRICS]),
            kept=models.kept,
            can_reload=self._source.mode == control.EXPLICIT,
        )

    def _command(self, server_files: Path, models: Models, own_ports: Mapping[str, int], key: str) -> list[str]:
        command = [str(server_files / "bin" / "tritonserver")]
        command += triton_flags.common(models.place, self._stop_timeout_s)
        command.append(f"--backend-directory={self._folder / 'backends'}")
        command += triton_flags.own_ports(own_ports)
        # Clients on this machine may hand over images in shared memory; others have none in common with it.
        closed = triton_flags.RESTRICTED + (() if self._host in LOOPBACK else (triton_flags.SHARED_MEMORY,))
        command += [*models.flags, *triton_flags.closed(closed, key)]
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
