"""`make replicas`: three servers under many clients; one is killed, one is added. Who read how much, and what is lost?

All four addresses are the clients' from the beginning; at the last one nobody is until a server is added there.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import psutil
from tabulate import tabulate

from ocr_client import OcrClient, OcrError
from ocr_client.calls import Call, Infer
from ocr_client.transports import Transport
from ocr_core.pages_file import forget_pages
from ocr_launch.machine import SHARED_MEMORY
from tests.project import ROOT, SAMPLES
from tests.reliability.senders import Senders

SERVERS = 3
START_S = 300.0
POLL_S = 0.2


class EmbeddedServer:
    """`python -m server` in processes of its own, as on another machine.

    Args:
        url: Where it is to listen.
        stack: Stops it.
        grpc_port: The same for gRPC; 0 is any.
    """

    def __init__(self, url: str, stack: ExitStack, grpc_port: int = 0) -> None:
        self.url = url
        self._folder = Path(tempfile.mkdtemp(prefix="ocr-replica-"))
        ports = [f"--http-port={url.rpartition(':')[2]}", f"--grpc-port={grpc_port}", "--metrics-port=0"]
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "server", *ports],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self._folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        stack.callback(self.stop)

    def wait(self) -> None:
        """Wait until it is ready.

        Raises:
            TimeoutError: It is not in time.
        """
        end_s = time.monotonic() + START_S
        with OcrClient(self.url) as client:
            while not client.ready():
                if self._process.poll() is not None or time.monotonic() > end_s:
                    raise TimeoutError(f"the server at {self.url} does not start: see its messages above")
                time.sleep(POLL_S)

    def kill(self) -> None:
        """End all its processes at once, as a machine ends, and remove what they leave behind."""
        launcher = psutil.Process(self._process.pid)
        processes = [launcher, *launcher.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # it has ended with its parent
                process.kill()
        self._process.wait()
        for process in processes:
            forget_pages(process.pid)
        self._clean()

    def stop(self) -> None:
        """Have it end in order."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()
        self._clean()

    def _clean(self) -> None:
        for folder in self._folder.glob("ocr-triton-*"):
            for region in SHARED_MEMORY.glob(f"{folder.name}*"):
                region.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)


@dataclass
class Tally:
    """What became of the requests of one phase.

    Attributes:
        name: What is the case meanwhile.
        answered: How many images each server has read.
        asked: How many times each was sent one.
        lost: Images that were not read, or wrong; why.
        longest_s: The longest that a client has waited for one.
    """

    name: str
    answered: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    longest_s: float = 0.0


class Load(Senders):
    """Many clients, each with one request after the other, as a context manager.

    Args:
        urls: Of all servers.
        image: What they send.
        text: What is written on it.
        clients: How many there are.

    Attributes:
        phase: Where the requests are counted that end now.
    """

    def __init__(self, urls: Sequence[str], image: Path, text: str, clients: int) -> None:
        super().__init__(clients)
        self.phase = Tally("")
        self._urls, self._image, self._text = urls, image.read_bytes(), text
        self._lock = threading.Lock()

    def connect(self, _number: int) -> OcrClient:
        """The client that has this number."""
        return OcrClient(self._urls)

    def begin(self, name: str) -> Tally:
        """Count anew."""
        self.phase = Tally(name)
        return self.phase

    def wait(self, requests: int) -> None:
        """Go on until so many images have been read or lost in this phase."""
        while self.phase.answered.total() + len(self.phase.lost) < requests:
            time.sleep(POLL_S)

    def count(self, counter: Counter[str], url: str) -> None:
        """Count one more, in whichever thread."""
        with self._lock:
            counter[url] += 1

    def _send(self, number: int) -> None:
        with self.connect(number) as client:
            client._transports = {
                address: Counted(str(address), transport, self) for address, transport in client._transports.items()
            }
            while not self._ended.is_set():
                start_s = time.monotonic()
                try:
                    if (text := client.read(self._image).text) != self._text:
                        self.phase.lost.append(f"read as {text!r}")
                except OcrError as error:
                    self.phase.lost.append(str(error))
                self.phase.longest_s = max(self.phase.longest_s, time.monotonic() - start_s)


class Counted:
    """A transport that tells a load what it is used for."""

    def __init__(self, url: str, transport: Transport, load: Load) -> None:
        self._url, self._transport, self._load = url, transport, load

    def perform(self, call: Call) -> Any:
        """Do it and give what the call says."""
        if not isinstance(call, Infer):
            return self._transport.perform(call)
        phase = self._load.phase
        self._load.count(phase.asked, self._url)
        answer = self._transport.perform(call)
        self._load.count(phase.answered, self._url)
        return answer

    def close(self) -> None:
        """Let the connections go."""
        self._transport.close()


def table(urls: Sequence[str], phases: Sequence[Tally]) -> str:
    """A row for each phase: the share of each server, and what is lost."""
    rows = []
    for phase in phases:
        total = phase.answered.total()
        shares = [f"{phase.answered[url]} ({phase.answered[url] / max(total, 1):.0%})" for url in urls]
        again = phase.asked.total() - total
        rows.append([phase.name, *shares, again, len(phase.lost), f"{phase.longest_s:.1f} s"])
    headers = ["servers", *(f"server {number + 1}" for number in range(len(urls)))]
    headers += ["sent again", "lost", "longest wait"]
    return str(tabulate(rows, headers, tablefmt="github", colalign=["left", *["right"] * (len(headers) - 1)]))


def free_urls(count: int) -> list[str]:
    """Addresses of this machine at which nobody listens."""
    with ExitStack() as stack:
        doors = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"http://127.0.0.1:{door.getsockname()[1]}" for door in doors]


@click.command()
@click.option("--clients", default=16, show_default=True, help="How many send images.")
@click.option("--requests", default=300, show_default=True, help="Images in each phase.")
@click.option("--image", type=click.Path(path_type=Path), default=SAMPLES / "label.png", help="What they send.")
def main(clients: int, requests: int, image: Path) -> None:
    """Kill one of three embedded servers under load, add another, and print who read what; status 1: some was lost."""
    urls = free_urls(SERVERS + 1)
    with ExitStack() as stack:
        servers = [EmbeddedServer(url, stack) for url in urls[:SERVERS]]
        for server in servers:
            server.wait()
        with OcrClient(urls[:SERVERS]) as client:
            text = client.read(image).text
        with Load(urls, image, text, clients) as load:
            phases = [load.begin("three")]
            load.wait(requests)
            phases.append(load.begin("one killed"))
            servers[0].kill()
            load.wait(requests)
            phases.append(load.begin("another is being started"))
            EmbeddedServer(urls[SERVERS], stack).wait()
            phases.append(load.begin("one added"))
            load.wait(requests)
    click.echo(table(urls, phases))
    lost = [why for phase in phases for why in phase.lost]
    for why, count in Counter(lost).most_common(5):
        click.echo(f"{count} lost: {why}", err=True)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
