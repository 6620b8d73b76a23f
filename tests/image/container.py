"""A container of the production image."""

import json
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.image.docker import Docker
from tests.image.image import Image
from tests.triton import Triton

# As docs/production.md runs it: nothing that a server of OCR does not need.
HARDENED = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--shm-size=1g",
)
HTTP, GRPC, METRICS = 8000, 8001, 8002
START_TIMEOUT_S = 120
POLL_S = 0.1


@dataclass(frozen=True)
class Container:
    """A running container.

    Attributes:
        docker: Its daemon.
        name: Its name there.
        process: `docker run`, which ends with the container and has its exit status.
        log: File with what the container prints.
    """

    docker: Docker
    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def address(self, port: int) -> str:
        """`host:port` on this machine of one of its ports."""
        return self.docker.run("port", self.name, str(port)).stdout.splitlines()[0]

    @property
    def triton(self) -> Triton:
        """The server in it, as the tests see it."""
        return Triton(self.address(HTTP), self.address(GRPC), self.log, metrics_url=self.address(METRICS))

    def inspect(self, template: str) -> str:
        """What `docker inspect` says of it."""
        return self.docker.inspect(self.name, template)

    def run(self, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command inside."""
        return self.docker.run("exec", self.name, *command, check=check)

    def is_ready(self) -> bool:
        """The ensemble can be asked."""
        try:
            url = f"http://{self.address(HTTP)}/v2/models/ocr_ensemble/ready"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, RuntimeError, IndexError):
            return False

    def metrics(self) -> str:
        """All of them."""
        with urllib.request.urlopen(f"http://{self.address(METRICS)}/metrics", timeout=30) as answer:
            return str(answer.read(), "utf-8")

    def ask(self, path: str, **headers: str) -> tuple[int, object]:
        """Status and JSON of the answer to an empty POST; underscores in the names of headers become hyphens."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://{self.address(HTTP)}{path}", b"{}", names)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - http, see above
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())


@contextmanager
def running(image: Image, log: Path, *options: str, command: Sequence[str] = ()) -> Iterator[Container]:
    """A hardened container that serves inside the block, and is gone after it.

    Args:
        image: What to run.
        log: File for what it prints.
        *options: More options of `docker run`.
        command: Instead of the image's own.

    Raises:
        RuntimeError: It does not serve; with what it printed.
    """
    name = f"ocr-triton-{uuid.uuid4().hex[:8]}"
    ports = [f"--publish=127.0.0.1::{port}" for port in (HTTP, GRPC, METRICS)]
    arguments = ("--name", name, *ports, *HARDENED, *options, image.tag, *command)
    container = Container(image.docker, name, image.docker.start("run", *arguments, output=log), log)
    try:
        _wait_until_ready(container)
        yield container
    finally:
        image.docker.run("rm", "--force", "--volumes", name, check=False)
        container.process.wait(60)


def _wait_until_ready(container: Container) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not container.is_ready():
        if container.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the container does not serve:\n{container.log.read_text(errors='replace')[-3000:]}")
        time.sleep(POLL_S)
