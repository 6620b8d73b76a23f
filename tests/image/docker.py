"""Docker's command line, and a daemon for it: the one that answers, or one of our own."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT_S = 60


@dataclass(frozen=True)
class Docker:
    """A daemon.

    Attributes:
        host: Its address, as in DOCKER_HOST; empty for Docker's own default.
    """

    host: str = ""

    def run(self, *arguments: str, check: bool = True, timeout_s: float = 1200) -> subprocess.CompletedProcess[str]:
        """Run a docker command; stdout and stderr come back together.

        Raises:
            RuntimeError: It failed, and `check` was not switched off.
        """
        done = subprocess.run(  # noqa: S603 - our own commands, here and below
            [_program("docker"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
            env=self._environment(),
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"docker {' '.join(arguments)} failed:\n{done.stdout[-5000:]}")
        return done

    def start(self, *arguments: str, output: Path) -> "subprocess.Popen[bytes]":
        """Start a docker command whose stdout and stderr go to a file."""
        with output.open("wb") as file:
            command = [_program("docker"), *arguments]
            return subprocess.Popen(  # noqa: S603
                command, stdout=file, stderr=subprocess.STDOUT, env=self._environment()
            )

    def answers(self) -> bool:
        """There is a daemon."""
        return self.run("version", check=False).returncode == 0

    def has(self, image: str) -> bool:
        """The daemon has this image."""
        return self.run("image", "inspect", image, check=False).returncode == 0

    def inspect(self, name: str, template: str) -> str:
        """What `docker inspect` says of an image or a container, by a Go template."""
        return self.run("inspect", "--format", template, name).stdout.strip()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **({"DOCKER_HOST": self.host} if self.host else {})}


@contextmanager
def daemon() -> Iterator[Docker]:
    """A daemon: the one that answers, or one for as long as the block lasts.

    Raises:
        RuntimeError: None answers, and none can be started.
    """
    found = Docker(os.environ.get("DOCKER_HOST", ""))
    if found.answers():
        yield found
        return
    folder = Path(tempfile.mkdtemp(prefix="dockerd-"))
    socket = f"unix://{folder}/socket"
    command = [_program("dockerd"), "--host", socket, "--pidfile", f"{folder}/pid"]
    command += ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        started = Docker(socket)
        _wait(process, started, folder / "log")
        yield started
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], docker: Docker, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not docker.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no Docker daemon answers, and dockerd cannot start here:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)


def _program(name: str) -> str:
    # Debian's docker.io puts both there; a wrapper of the same name may come before it on the path.
    path = shutil.which(name, path=f"/usr/bin:/usr/sbin:{os.environ.get('PATH', '')}")
    if path is None:
        raise RuntimeError(f"{name} is missing; on Debian and Ubuntu: apt-get install docker.io")
    return path
