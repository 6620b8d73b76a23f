"""A run over an archive: what is not yet read is divided into parts, which a stage of Ray Data reads."""

import warnings
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import pyarrow.parquet as pq
import ray

from ocr_client.cli.inputs import SUFFIXES
from ocr_client.ray import parts
from ocr_client.ray.columns import failed_row, table
from ocr_client.ray.parts import Part
from ocr_client.ray.reading import PAGES, Reading, Tally
from ocr_client.ray.storage import Found, Place, files

# How often a task whose process or node has died is tried again.
TRIES = 3
DIED = "the process that read it ended, each time: the file may be damaged, or need more memory than a node has"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to read.

    Attributes:
        waiting: Files that are to be read.
        skipped: How many are in the archive already.
    """

    waiting: tuple[Found, ...]
    skipped: int


def make_plan(sources: Sequence[Place], output: Place, *, retry_failed: bool, writes_files: bool) -> Plan:
    """Find the files, and which of them are in the archive already.

    Args:
        sources: Files and folders.
        output: The folder of the archive.
        retry_failed: Whether files out of which a page could not be read are read again.
        writes_files: Whether each file gets one in another format, too.

    Raises:
        OSError: A source is not there, or a store cannot be reached.
        ValueError: There are no images; or two files of different sources would be written into one.
    """
    found = {str(each.place): each for source in sources for each in files(source, SUFFIXES)}
    if not found:
        raise ValueError(f"no images in {', '.join(map(str, sources))} (looked for {', '.join(sorted(SUFFIXES))})")
    name, count = Counter(each.relative for each in found.values()).most_common(1)[0]
    if writes_files and count > 1:
        raise ValueError(
            f"{count} of the sources have {name}, and would be written into one file: read them one by one"
        )
    folder = output.below(PAGES)
    if retry_failed:
        parts.forget_failed(folder)
    done = parts.done(folder)
    waiting = tuple(each for name, each in found.items() if name not in done)
    return Plan(waiting, len(found) - len(waiting))


def read(plan: Plan, reading: Reading, *, readers: int, cpus: float) -> Generator[Tally, None, None]:
    """Read what waits; yields what became of each part, as soon as it is written.

    A task whose node dies is repeated on another. If that does not help, its files are read one by one, so that only
    the one that ends its process is left: it becomes a row with an error.

    Args:
        plan: What is to be read.
        reading: How.
        readers: How many parts are read at the same time.
        cpus: What Ray sets aside for each of them: a fraction, for readers mostly wait.
    """
    waiting = list(parts.divide(plan.waiting, parts.size(len(plan.waiting), readers)))
    yield from _staged(waiting, reading, readers, cpus)
    if left := _missing(waiting, reading.output):
        singly = list(parts.divide([file for part in left for file in part.files], 1))
        yield from _staged(singly, reading, readers, cpus)
        for part in _missing(singly, reading.output):
            yield _give_up(part, reading.output)


def _staged(waiting: Sequence[Part], reading: Reading, readers: int, cpus: float) -> Iterator[Tally]:
    """The stage: a block for each part; nothing but names and counts passes through Ray's memory."""
    ray.data.DataContext.get_current().max_errored_blocks = -1
    dataset = ray.data.from_items([part.packed() for part in waiting], override_num_blocks=len(waiting))
    pool = ray.data.TaskPoolStrategy(size=readers)
    with warnings.catch_warnings():
        # Until Ray 2.64 there is no other way to say it, hence the bound in the extra `ray`.
        warnings.filterwarnings("ignore", "`ray_remote_args`")
        stage = dataset.map(reading, compute=pool, num_cpus=cpus, max_retries=TRIES)
    for row in stage.iter_rows():
        yield Tally(**row)


def _missing(waiting: Sequence[Part], output: Place) -> list[Part]:
    """Parts that were not written."""
    folder = output.below(PAGES)
    try:
        written = {found.place.name for found in files(folder, {parts.SUFFIX})}
    except FileNotFoundError:
        written = set()
    return [part for part in waiting if part.name not in written]


def _give_up(part: Part, output: Place) -> Tally:
    rows = [failed_row(str(file.place), DIED, "ReaderDied") for file in part.files]
    with output.below(f"{PAGES}/{part.name}").written_whole() as stream:
        pq.write_table(table(rows), stream)
    return Tally(files=len(rows), pages=len(rows), failed=len(rows))
