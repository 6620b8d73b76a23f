"""`make balanced`: three servers behind the balancer of deploy/compose, under load; one is killed, and comes back.

Half of the clients speak HTTP, half gRPC. Each knows only the balancer, and the servers tell what they have read.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import click
from tabulate import tabulate

from ocr_client import OcrClient
from tests.deploy.balancer.haproxy import NAMES, haproxy
from tests.project import SAMPLES
from tests.reliability.replicas import EmbeddedServer, Load, Tally, free_urls


class BalancedLoad(Load):
    """Clients that take turns between the balancer's addresses."""

    def connect(self, number: int) -> OcrClient:
        """Of one of them."""
        return OcrClient(self._urls[number % len(self._urls)])


class Counts:
    """What servers have read, as they tell; one that is gone tells nothing.

    Args:
        urls: Theirs.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self._last = {url: _answered(url) for url in urls}

    def since(self) -> list[int]:
        """How many images each has read since this was asked the last time; one that was started anew, since then."""
        before, self._last = self._last, {url: _answered(url) for url in self._urls}
        return [count - before[url] if count >= before[url] else count for url, count in self._last.items()]


def _answered(url: str) -> int:
    with OcrClient(url, retries=0) as client:
        return (client.server_info().answered or 0) if client.ready() else 0


class Servers:
    """Three embedded servers and the balancer before them, inside a `with` block.

    Attributes:
        urls: Of the servers.
        doors: Of the balancer: HTTP and gRPC.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.urls = free_urls(len(NAMES))
        self._grpc_ports = [_port(url) for url in free_urls(len(NAMES))]
        self._first, *others = [self._start(number) for number in range(len(NAMES))]
        for server in (self._first, *others):
            server.wait()
        ports = zip(map(_port, self.urls), self._grpc_ports, strict=True)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        balancer = stack.enter_context(haproxy(folder, dict(zip(NAMES, ports, strict=True))))
        self.doors = [f"http://{balancer.http}", f"grpc://{balancer.grpc}"]

    def kill_first(self) -> None:
        """As its machine ends."""
        self._first.kill()

    def bring_back_first(self) -> None:
        """Wait until it reads again."""
        self._start(0).wait()

    def _start(self, number: int) -> EmbeddedServer:
        return EmbeddedServer(self.urls[number], self._stack, self._grpc_ports[number])


def _port(url: str) -> int:
    return urlsplit(url).port or 0


def table(phases: Sequence[tuple[Tally, list[int]]]) -> str:
    """A row for each phase: what each server has read, what clients got, and what is lost."""
    rows = [
        [phase.name, *read, phase.answered.total(), len(phase.lost), f"{phase.longest_s:.1f} s"]
        for phase, read in phases
    ]
    headers = ["servers", *(f"read by {name}" for name in NAMES), "answers to clients", "lost", "longest wait"]
    return str(tabulate(rows, headers, tablefmt="github", colalign=["left", *["right"] * (len(headers) - 1)]))


@click.command()
@click.option("--clients", default=16, show_default=True, help="How many send images, half of them over gRPC.")
@click.option("--requests", default=300, show_default=True, help="Images in each phase.")
@click.option("--image", type=click.Path(path_type=Path), default=SAMPLES / "label.png", help="What they send.")
def main(clients: int, requests: int, image: Path) -> None:
    """Kill one of three servers behind HAProxy, start it again, and print who read what; status 1: some was lost."""
    phases: list[tuple[Tally, list[int]]] = []
    with ExitStack() as stack:
        servers = Servers(stack)
        with OcrClient(servers.doors[0]) as client:
            text = client.read(image).text
        counts = Counts(servers.urls)
        with BalancedLoad(servers.doors, image, text, clients) as load:
            for name, begin in (
                ("three", None),
                ("one killed", servers.kill_first),
                ("it is being started again", servers.bring_back_first),
                ("three again", None),
            ):
                phase = load.begin(name)
                if begin:
                    begin()
                load.wait(requests)
                phases.append((phase, counts.since()))
    click.echo(table(phases))
    lost = [why for phase, _ in phases for why in phase.lost]
    for why, count in Counter(lost).most_common(5):
        click.echo(f"{count} lost: {why}", err=True)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
