"""`make fuzz`: damaged files and bombs against a running server; none may crash it, hang it or show its insides."""

import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from tests.bombs import BOMBS
from tests.insides import INSIDES
from tests.reliability.mutations import FILES, mutants
from tests.server.raw_http import post

HANGS_S = 30
# Triton 2.51 parses the body of a form on its stack, and dies of one of 8 MB.
BINARY = "application/octet-stream"
# Of what went wrong, the first tells most.
SHOWN = 20


@dataclass(frozen=True)
class Sent:
    """What became of one file.

    Attributes:
        name: What it was made of.
        encoded: Its bytes.
        status: Of HTTP; 0 if there was no answer.
        error: The server's sentence, or why there was no answer.
        took_s: Until then.
    """

    name: str
    encoded: bytes
    status: int
    error: str
    took_s: float

    @property
    def refused(self) -> bool:
        """As it should be, where it cannot be read."""
        return self.status == 400

    @property
    def wrong(self) -> bool:
        """Neither read nor refused, or with more than the caller may know."""
        return self.status not in (200, 400) or bool(INSIDES.search(self.error)) or self.took_s > HANGS_S


def send(url: str, name: str, encoded: bytes) -> Sent:
    """Have a file read, and time that."""
    start_s = time.perf_counter()
    try:
        answer = post(url, encoded, Content_Type=BINARY)
        status, error = answer.status, answer.error
    except (OSError, ValueError) as failure:
        status, error = 0, f"no answer: {type(failure).__name__}"
    return Sent(name, encoded, status, error, time.perf_counter() - start_s)


def table(sent: Iterable[Sent]) -> str:
    """Counts and times of each kind of file, in Markdown."""
    kinds = Counter(one.name.split()[0] for one in sent)
    lines = ["| files | sent | read | refused | else | refusals: p50 ms | p99 ms | slowest ms |", "|---" * 8 + "|"]
    for kind in [*kinds, "all"]:
        of_kind = [one for one in sent if kind in ("all", one.name.split()[0])]
        refusals = [one.took_s * 1e3 for one in of_kind if one.refused] or [0.0]
        read = sum(one.status == 200 for one in of_kind)
        wrong = sum(one.wrong for one in of_kind)
        p50, p99, slowest = np.percentile(refusals, [50, 99, 100])
        counts = f"{len(of_kind)} | {read} | {sum(one.refused for one in of_kind)} | {wrong}"
        lines.append(f"| {kind} | {counts} | {p50:.1f} | {p99:.1f} | {slowest:.0f} |")
    return "\n".join(lines)


@click.command()
@click.option("--url", envvar="OCR_URL", required=True, help="host:port of HTTP.")
@click.option("--files", default=10_000, show_default=True, help="How many damaged files to send beside the bombs.")
@click.option("--seed", default=0, show_default=True, help="Another seed makes other files.")
@click.option("--at-once", default=1, show_default=True, help="Requests under way; more than one share the cores.")
@click.option("--keep", type=click.Path(path_type=Path), help="Folder for the files that went wrong.")
def main(url: str, files: int, seed: int, at_once: int, keep: Path | None) -> None:
    """Print a table; end with status 1 if a file was neither read nor refused, or the server does not read on."""
    bombs = [(f"bombs {name}", encoded) for name, (encoded, _) in BOMBS.items()]
    with ThreadPoolExecutor(at_once) as executor:
        sent = list(executor.map(lambda one: send(url, *one), [*bombs, *mutants(files, seed)]))
    print(table(sent))
    wrong = [one for one in sent if one.wrong]
    for number, one in enumerate(wrong[:SHOWN]):
        print(f"{one.name}, {len(one.encoded)} bytes, {one.took_s:.1f} s: {one.status} {one.error[:200]}")
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{number} {one.name[:60]}").write_bytes(one.encoded)
    whole = [send(url, name, encoded) for name, encoded in FILES.items()]
    unread = [one for one in whole if one.status != 200]
    for one in unread[:SHOWN]:
        print(f"{one.name} is whole and is not read: {one.status} {one.error[:200]}")
    sys.exit(1 if wrong or unread else 0)


if __name__ == "__main__":
    main()
