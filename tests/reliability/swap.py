"""`make swap`: versions of the models are exchanged under load; every answer is of one version, and none is missing."""

import dataclasses
import io
import itertools
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest import mock

import click
from PIL import Image, ImageOps

from ocr_client import OcrClient, OcrError, Page
from ocr_client.administration import Administration
from ocr_launch.model_config import ModelConfig
from server.triton import TritonServer
from tests.project import SAMPLES
from tests.reliability.senders import Senders, urls
from tests.reliability.two_versions import add_second_version, first_version

IMAGE = SAMPLES / "label.png"
# Of its size; small, so that many are read while versions are exchanged.
SCALE = 0.5
CLIENTS = 8
# Long: on a machine that is busy with other things, a page may take a minute, and that is not the question here.
TIMEOUT_S = 500.0
MIXED, FAILED = "mixed", "failed"
KEY = "of-this-run"
# After a switch, so many answers are waited for.
ROW = 4 * CLIENTS
GIVE_UP_S = 600.0
POLL_S = 0.05


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    Attributes:
        start_s: When it was sent, by `time.monotonic`.
        outcome: `1` or `2`, the version that the server has told, and that reads just so; `mixed`, or `failed`.
        detail: What was read or said instead.
    """

    start_s: float
    outcome: str
    detail: str = ""


@dataclass(frozen=True)
class Swap:
    """One switch under load.

    Attributes:
        version: That was switched to.
        load_s: How long it took to load it.
        switch_s: How long it took to switch to it.
        unload_s: How long it took to unload the one before.
        answers: All that were sent meanwhile.
        late: How many of them were sent after the switch, and read by the version before.
    """

    version: int
    load_s: float
    switch_s: float
    unload_s: float
    answers: tuple[Answer, ...]
    late: int

    @property
    def counts(self) -> Counter[str]:
        """How many answers had which outcome."""
        return Counter(answer.outcome for answer in self.answers)

    @property
    def is_clean(self) -> bool:
        """Both versions have answered; nothing failed, was mixed, or came from the version before."""
        counts = self.counts
        return counts["1"] > 0 and counts["2"] > 0 and not (counts[MIXED] or counts[FAILED] or self.late)


class Readers(Senders):
    """Clients that read one image again and again, half of them over gRPC, and tell by which version it was read.

    Args:
        urls: The server's addresses, which the clients take in turn.
        pages: What each version reads.
        clients: How many there are.
    """

    def __init__(self, urls: Sequence[str], pages: Mapping[str, Page], clients: int) -> None:
        super().__init__(clients)
        self.answers: list[Answer] = []
        self._urls, self._pages = urls, pages

    def wait_for(self, count: int) -> None:
        """Wait until so many more requests were sent and answered.

        Raises:
            TimeoutError: They are not.
        """
        begin_s = time.monotonic()
        while sum(answer.start_s > begin_s for answer in tuple(self.answers)) < count:
            if time.monotonic() > begin_s + GIVE_UP_S:
                raise TimeoutError(f"no {count} answers within {GIVE_UP_S:.0f} s")
            time.sleep(POLL_S)

    def _send(self, number: int) -> None:
        with OcrClient(self._urls[number % len(self._urls)], timeout_s=TIMEOUT_S, retries=0) as client:
            while not self._ended.is_set():
                self.answers.append(outcome(client, self._pages))


def outcome(client: OcrClient, pages: Mapping[str, Page]) -> Answer:
    """Read the image once, and tell by which version it was read.

    Args:
        client: Asks the server.
        pages: What each version reads.
    """
    start_s = time.monotonic()
    try:
        page = client.read(image(), facts=True)
    except OcrError as error:
        return Answer(start_s, FAILED, str(error))
    told = str(page.facts.model_version) if page.facts else ""
    is_so = dataclasses.replace(page, facts=None) == pages.get(told)
    return Answer(start_s, told) if is_so else Answer(start_s, MIXED, str(page))


def few_processes(model: str, config: ModelConfig) -> None:
    """Have two of the last step: Triton takes a second and more for each, one after the other, to unload them."""
    if model == "ctc_decoding":
        config.instance_group[0].count = 2


@contextmanager
def serving(root: Path, **how: Any) -> Iterator[tuple[TritonServer, Administration]]:
    """A server of these models, by default at version 1, and its operator.

    Args:
        root: The models.
        **how: Arguments of `TritonServer`.
    """
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, OCR_ADMIN_KEY=KEY))
        server = stack.enter_context(TritonServer(root, **{"version": 1, "stop_timeout_s": 10, **how}))
        operator = Administration(server.url, headers={"ocr-admin-key": KEY}, timeout_s=GIVE_UP_S)
        yield server, stack.enter_context(operator)


# For tests in which versions are unloaded.
serving_few = partial(serving, change=few_processes)


@cache
def image() -> bytes:
    """What is read: a PNG file."""
    file = io.BytesIO()
    ImageOps.scale(Image.open(IMAGE).convert("RGB"), SCALE).save(file, "PNG")
    return file.getvalue()


def read_by_each(server: TritonServer, operator: Administration) -> dict[str, Page]:
    """What each version reads; the server is left at version 1, with version 2 beside it."""
    pages = {}
    with OcrClient(server.url, timeout_s=TIMEOUT_S) as client:
        for version in (2, 1):
            operator.switch(version)
            pages[str(version)] = client.read(image())
    return pages


def late_ones(answers: Sequence[Answer], before: int, switched_s: float) -> int:
    """How many requests were sent after a switch, and read by the version before."""
    return sum(answer.start_s > switched_s and answer.outcome == str(before) for answer in answers)


def swap(operator: Administration, readers: Readers, version: int) -> Swap:
    """Load a version, switch to it, unload the one before; under load all the time.

    Raises:
        TimeoutError: No answers come.
    """
    first = len(readers.answers)
    readers.wait_for(CLIENTS)
    (before,) = (loaded.version for loaded in operator.versions())
    moments_s = [time.monotonic()]
    operator.load(version)
    moments_s.append(time.monotonic())
    operator.switch(version)
    moments_s.append(time.monotonic())
    switched_s = moments_s[-1]
    operator.unload(before)
    moments_s.append(time.monotonic())
    readers.wait_for(ROW)
    answers = tuple(readers.answers[first:])
    late = late_ones(answers, before, switched_s)
    load_s, switch_s, unload_s = (after - start for start, after in itertools.pairwise(moments_s))
    return Swap(version, load_s, switch_s, unload_s, answers, late)


def table(swaps: Sequence[Swap]) -> Iterator[str]:
    """A row for each switch."""
    yield "| to version | loaded in | switched in | unloaded in | read by 1 | read by 2 | failed | mixed | late |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for done in swaps:
        counts = done.counts
        yield (
            f"| {done.version} | {done.load_s:.1f} s | {done.switch_s:.2f} s | {done.unload_s:.1f} s | {counts['1']} | "
            f"{counts['2']} | {counts[FAILED]} | {counts[MIXED]} | {done.late} |"
        )


@click.command()
@click.option("--seconds", default=60, show_default=True, help="Go on for so long; 1 → 2 → 1 at least.")
@click.option("--clients", default=CLIENTS, show_default=True, help="How many send images meanwhile.")
def main(seconds: int, clients: int) -> None:
    """Exchange versions of an embedded server under load, print what came of it, and exit with 1 if it is not clean."""
    swaps: list[Swap] = []
    with tempfile.TemporaryDirectory() as folder, serving(first_version(Path(folder) / "models")) as (server, operator):
        add_second_version(Path(folder) / "models")
        pages = read_by_each(server, operator)
        end_s = time.monotonic() + seconds
        with Readers(urls(server), pages, clients) as readers:
            operator.unload(2)
            while len(swaps) < 2 or time.monotonic() < end_s:
                swaps.append(swap(operator, readers, 2 - len(swaps) % 2))
                click.echo(f"{len(swaps)}: {swaps[-1].counts}", err=True)
        faults = server.state.faults
    print("\n".join(table(swaps)))
    wrong = [answer.detail for done in swaps for answer in done.answers if answer.outcome in (MIXED, FAILED)]
    sys.exit("\n".join((*faults, *wrong[:5])) or (0 if all(done.is_clean for done in swaps) else 1))


if __name__ == "__main__":
    main()
