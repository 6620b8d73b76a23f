"""One Triton process: started, waited for, stopped."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from ocr_core.admission import forget_pages
from ocr_launch import layout, machine, profiles, triton_flags
from ocr_launch.errors import StartError
from ocr_launch.repository import ENSEMBLE, Repository
from server import installation, requirements
from server.diagnosis import explain

POLL_S = 0.1
PR_SET_PDEATHSIG = 1


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

    Attributes:
        url: `host:port` of HTTP; likewise `grpc_url` and `metrics_url`.
        log: File with the server's own messages.
        layout: How the models share the machine.
        pid: The server's process id, which is that of the session of all its processes, too.
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
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "TritonServer":
        """Start the server and wait until the ensemble is ready.

        Raises:
            StartError: It cannot start.
        """
        requirements.check_machine()
        requirements.check_version()
        requirements.check_numpy()
        library_directory = requirements.libpython_directory()
        repository = Repository(self._model_repository)
        self.layout = layout.choose(self._profile, requirements.check_gpu)
        server_files = installation.find_or_fetch()
        ports = {name: requirements.pick_port(self._host, port, name) for name, port in self._ports.items()}
        self.url, self.grpc_url, self.metrics_url = (f"{self._host}:{port}" for port in ports.values())
        self._folder = Path(tempfile.mkdtemp(prefix="ocr-triton-"))
        self.log = self._chosen_log or self._folder / "triton.log"
        try:
            served = layout.arrange(repository, self.layout, self._folder / "models", self._change)
            installation.assemble_backends(server_files, self._folder / "backends")
            self._launch(self._command(server_files, served, ports), server_files, library_directory)
            self._wait_until_ready()
        except StartError:
            self._stop()
            if not self.log.is_relative_to(self._folder) or not self.log.exists():
                shutil.rmtree(self._folder, ignore_errors=True)
            raise  # the folder stays where the log is in it
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let requests in flight finish, then stop."""
        try:
            self._stop()
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self) -> int | None:
        """Wait until the server ends by itself; its exit status."""
        return self._process.wait() if self._process else None

    def _command(self, server_files: Path, served: Path, ports: dict[str, int]) -> list[str]:
        command = [str(server_files / "bin" / "tritonserver")]
        command += triton_flags.common(served, self._stop_timeout_s)
        command.append(f"--backend-directory={self._folder / 'backends'}")
        for name, port in ports.items():
            command += [f"--{name}-port={port}", f"--{name}-address={self._host}"]
        # Named after our folder, so that what a killed process leaves there can be told from others'.
        for backend in ("python", "onnxruntime"):
            command.append(f"--backend-config={backend},shm-region-prefix-name={self._folder.name}")
        return [*command, *self._options]

    def _launch(self, command: list[str], server_files: Path, library_directory: Path) -> None:
        environment = _environment(installation.libraries(server_files), library_directory)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own binary, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**environment, **self.layout.profile.environment},
                start_new_session=True,  # Ctrl-C in the terminal reaches us, and we stop the server in order
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - prctl only, no lock is taken
            )
        self.pid = self._process.pid

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while not self._is_ready():
            if self._process and self._process.poll() is not None:
                raise StartError(explain(self.log.read_text(encoding="utf-8", errors="replace"), self.log))
            if time.monotonic() > deadline:
                raise StartError(
                    f"the server is not ready after {self._start_timeout_s:.0f} s; its messages are in {self.log}"
                )
            time.sleep(POLL_S)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.url}/v2/models/{ENSEMBLE}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._stop_timeout_s + 5)
        finally:
            # What is left: all of it after the timeout or a second Ctrl-C, and the processes of the Python models
            # of a server that was stopped while it loaded them.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for region in machine.SHARED_MEMORY.glob(f"{self._folder.name}*"):
                region.unlink(missing_ok=True)
            forget_pages(process.pid)


def _environment(libraries: Path, library_directory: Path) -> dict[str, str]:
    """Environment in which the Python backend's stub finds this Python and its packages."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    # The stub takes its packages from the python3 that is first on the path.
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment.get('PATH', '')}"
    paths = [str(libraries), str(library_directory), environment.get("LD_LIBRARY_PATH", "")]
    environment["LD_LIBRARY_PATH"] = ":".join(path for path in paths if path)
    return environment


def _die_with_parent() -> None:
    """Ask the kernel to send this process SIGTERM when the launcher dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
