"""deploy/compose as it stands, run by Compose."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.balancer import haproxy
from tests.image.docker import Docker
from tests.image.image import Image
from tests.project import ROOT

FILE = ROOT / "deploy" / "compose" / "compose.yaml"
SERVERS = ("ocr-1", "ocr-2", "ocr-3")
# HAProxy of this machine in an image of nothing else, where the one of compose.yaml cannot be pulled.
TEST_BALANCER = "ocr-balancer-of-this-machine"
TIMEOUT_S = 600
ANSWERED = """
import json, urllib.request
statistics = json.load(urllib.request.urlopen("http://127.0.0.1:8000/v2/models/ocr_ensemble/stats"))
print(json.dumps(sum(model["inference_stats"]["success"]["count"] for model in statistics["model_stats"])))
"""


@dataclass(frozen=True)
class Composed:
    """Three servers and a balancer that run.

    Attributes:
        project: Compose's name for them.
        docker: Their daemon.
        environment: Of Compose.
    """

    project: str
    docker: Docker
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        """Run a command of Compose; gives its output.

        Raises:
            RuntimeError: It failed.
        """
        command = [*program(), "--project-name", self.project, "--file", str(FILE), *arguments]
        done = subprocess.run(  # noqa: S603 - our own
            command, env=self.environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout.strip()

    def address(self, port: int) -> str:
        """`host:port` on this machine of one of the balancer's ports."""
        return self.run("port", "balancer", str(port))

    def answered(self, server: str) -> int:
        """How many images a server has read."""
        return int(json.loads(self.run("exec", "-T", server, "python3", "-c", ANSWERED)))

    def kill(self, server: str) -> None:
        """End all processes of one at once, for good."""
        self.docker.run("kill", self.run("ps", "-q", server))

    def messages(self) -> str:
        """The last ones of all containers."""
        return self.run("logs", "--tail=20")


@contextmanager
def composed(image: Image) -> Iterator[Composed]:
    """Containers that are there inside the block.

    Args:
        image: Of the servers.
    """
    docker = image.docker
    ports = {"OCR_HTTP_PORT": "0", "OCR_GRPC_PORT": "0"}  # any that are free
    host = {"DOCKER_HOST": docker.host} if docker.host else {}
    names = {"OCR_IMAGE": image.tag, "BALANCER_IMAGE": _balancer(docker)}
    started = Composed(f"ocr-test-{uuid.uuid4().hex[:8]}", docker, {**os.environ, **host, **ports, **names})
    try:
        started.run("up", "--detach")
        yield started
    finally:
        started.run("down", "--volumes", "--timeout", "30")


def _balancer(docker: Docker) -> str:
    (name,) = re.findall(r"BALANCER_IMAGE:-([^}]+)}", FILE.read_text(encoding="utf-8"))
    if docker.has(name) or docker.run("pull", name, check=False).returncode == 0:
        return str(name)
    if not haproxy.PROGRAM:
        raise RuntimeError(f"{name} cannot be pulled, and there is no HAProxy here: apt-get install haproxy")
    with tempfile.TemporaryDirectory() as folder:
        for file in _files_of(haproxy.PROGRAM):
            target = Path(folder) / file.relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        (Path(folder) / "Dockerfile").write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
        docker.run("build", "--tag", TEST_BALANCER, folder)
    return TEST_BALANCER


def _files_of(program: str) -> set[Path]:
    """A program, and the libraries that it loads."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607
    return {Path(program), *map(Path, re.findall(r"(/\S+) \(0x", told))}


def program() -> list[str]:
    """How Compose is called here.

    Raises:
        RuntimeError: It is not installed.
    """
    plugin = ["docker", "compose"]
    for command in ([shutil.which("docker-compose") or ""], plugin):
        with suppress(OSError):
            if subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0:  # noqa: S603
                return command
    raise RuntimeError("Compose is missing; on Debian and Ubuntu: apt-get install docker-compose")
