"""Servers for an archive where there are none: one on each node of the cluster, or as many as there are GPUs for."""

import importlib.util
import select
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import IO, Any, cast

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ocr_client.client import OcrClient

# What starts the servers that there are, by their names.
COMMANDS = {
    "embedded": "{python} -m server --host {host} --http-port {http_port} --grpc-port {grpc_port} "
    "--metrics-port {metrics_port}",
    "image": "ocr-serve --http-address={host} --http-port={http_port} --grpc-address={host} --grpc-port={grpc_port} "
    "--metrics-port={metrics_port}",
}
PORTS = ("http_port", "grpc_port", "metrics_port")
# TensorRT may build engines for minutes.
START_S, STOP_S, POLL_S = 1800.0, 60.0, 0.5


class NodeServer:
    """A server on the node of this actor, which ends with it.

    Args:
        command: What starts it, with `{host}`, `{http_port}`, `{grpc_port}` and `{metrics_port}` in it; or a name of
            `COMMANDS`; empty for what there is: `ocr-serve` in the image, else `python -m server`.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self._messages: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  it is there as long as the server

    def start(self) -> str:
        """Wait until it is ready; gives its URL, or a sentence that begins with "no server"."""
        host = ray.util.get_node_ip_address()
        ports = _free_ports(host)
        command = self._command or _found()
        if not command:
            return "no server can be started: there is neither ocr-serve nor python -m server; name one with --server"
        command = COMMANDS.get(command, command)
        asked = shlex.split(command.format(python=shlex.quote(sys.executable), host=host, **ports))
        self._keeper = subprocess.Popen(  # noqa: S603  the user's own command
            [sys.executable, "-m", "ocr_client.ray.keeper", *asked],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            start_new_session=True,
        )
        self._ended = cast("IO[bytes]", self._keeper.stdout)  # the keeper says nothing, so that its end can be read
        url, end_s = f"http://{host}:{ports['http_port']}", time.monotonic() + START_S
        with OcrClient(url, timeout_s=5) as client:
            while not client.ready():
                if self._has_ended() or time.monotonic() > end_s:
                    return f"no server starts on {host} with `{shlex.join(asked)}` ({self._last_message()})"
                time.sleep(POLL_S)
        return url

    def stop(self) -> None:
        """Have it end in order."""
        if self._keeper.stdin:
            self._keeper.stdin.close()
        select.select([self._ended], [], [], STOP_S)

    def _has_ended(self) -> bool:
        """The keeper, its only writer, has closed its end of the pipe."""
        return bool(select.select([self._ended], [], [], 0)[0])

    def _last_message(self) -> str:
        self._messages.seek(0)
        lines = self._messages.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")


@contextmanager
def node_servers(command: str, cpus: float, gpus: float) -> Iterator[list[str]]:
    """Servers that are there inside the block.

    Args:
        command: See `NodeServer`.
        cpus: What Ray sets aside for each of them on its node.
        gpus: The same of GPUs; with 0, there is one server a node, else as many as the node has GPUs for.

    Yields:
        Their URLs.

    Raises:
        RuntimeError: One does not start, or no node has room.
    """
    nodes = [
        node["NodeID"] for node in ray.nodes() if node["Alive"] for _ in range(_room(node["Resources"], cpus, gpus))
    ]
    if not nodes:
        raise RuntimeError(
            f"no node has {cpus:g} CPUs and {gpus:g} GPUs for a server: ask for less, or name servers with --url"
        )
    with ExitStack() as stack:
        actors = [_started(node, command, cpus, gpus) for node in nodes]
        stack.callback(_stop, actors)
        urls = _urls(actors)
        if failures := [url for url in urls if url.startswith("no server")]:
            raise RuntimeError(failures[0])
        yield urls


def _started(node: str, command: str, cpus: float, gpus: float) -> Any:
    here = NodeAffinitySchedulingStrategy(node, soft=False)
    options = {"num_cpus": cpus, "num_gpus": gpus, "scheduling_strategy": here}
    return ray.remote(NodeServer).options(**options).remote(command)


def _urls(actors: Sequence[Any]) -> list[str]:
    try:
        urls: list[str] = ray.get([actor.start.remote() for actor in actors], timeout=START_S + STOP_S)
    except ray.exceptions.RayError as error:
        raise RuntimeError("a node was lost, or had no room, while its server started: repeat the command") from error
    return urls


def _stop(actors: Sequence[Any]) -> None:
    """Those whose node is gone are gone with it."""
    ray.wait([actor.stop.remote() for actor in actors], num_returns=len(actors), timeout=STOP_S)
    for actor in actors:
        ray.kill(actor)


def _room(resources: dict[str, float], cpus: float, gpus: float) -> int:
    if resources.get("CPU", 0) < cpus or resources.get("CPU", 0) == 0:
        return 0
    return int(resources.get("GPU", 0) // gpus) if gpus else 1


def _found() -> str:
    if shutil.which("ocr-serve") and shutil.which("tritonserver"):
        return "image"
    return "embedded" if importlib.util.find_spec("server") else ""


def _free_ports(host: str) -> dict[str, int]:
    with ExitStack() as stack:
        doors = [stack.enter_context(socket.create_server((host, 0))) for _ in PORTS]
        return {name: door.getsockname()[1] for name, door in zip(PORTS, doors, strict=True)}
