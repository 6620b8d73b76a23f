"""What an archive consists of: parts, each a Parquet file with the pages of some files."""

import pickle
import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from pyarrow import fs

from ocr_client.ray.columns import SCHEMA
from ocr_client.ray.storage import Found, Place, files, told

SUFFIX = ".parquet"
# So much is lost at most when a node is; larger parts make fewer files.
MOST_FILES, MOST_BYTES = 256, 256_000_000
# Of each reader, so that none of them has the last one for itself.
PARTS_OF_READER = 4


@dataclass(frozen=True, slots=True)
class Part:
    """Some files that are read together, and the Parquet file that their pages go into.

    The name is chosen here, before anything is read: whoever reads the part a second time writes the same file.

    Attributes:
        name: Of the Parquet file.
        files: In their order.
    """

    name: str
    files: tuple[Found, ...]

    def packed(self) -> dict[str, bytes]:
        """As a row for Ray Data."""
        return {"part": pickle.dumps(self)}

    @staticmethod
    def unpacked(row: dict[str, Any]) -> "Part":
        """The part in such a row."""
        part: Part = pickle.loads(row["part"])  # noqa: S301  our own
        return part


def divide(found: Sequence[Found], most_files: int, start: str = "") -> Iterator[Part]:
    """Put files into parts of so many files at most, and of so many bytes."""
    start = start or f"{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(3)}"
    for number, group in enumerate(_groups(found, most_files)):
        yield Part(f"{start}-{number:06}{SUFFIX}", group)


def size(count: int, readers: int) -> int:
    """How many files a part has, so that all readers have some."""
    return min(MOST_FILES, max(1, count // (PARTS_OF_READER * readers)))


def done(folder: Place) -> set[str]:
    """The names of all files whose pages are in the parts of a folder.

    Raises:
        OSError: The folder cannot be read.
        ValueError: A Parquet file in it is no part of an archive.
    """
    names: set[str] = set()
    for place in _parts(folder):
        names.update(_table(place, ["source"])["source"].to_pylist())
    return names


def forget_failed(folder: Place) -> int:
    """Take the pages of files out of which one could not be read, so that these are read again.

    Returns:
        How many files there are.
    """
    forgotten = 0
    for place in _parts(folder):
        told_of = _table(place, ["source", "error"]).to_pylist()
        if failed := {row["source"] for row in told_of if row["error"] is not None}:
            _keep(place, failed)
            forgotten += len(failed)
    return forgotten


def _keep(place: Place, failed: Collection[str]) -> None:
    """Write a part anew, without some files."""
    table = _table(place, None)
    table = table.filter([source not in failed for source in table["source"].to_pylist()])
    if not table.num_rows:
        place.filesystem.delete_file(place.path)
        return
    with place.written_whole() as stream:
        pq.write_table(table, stream)


def _parts(folder: Place) -> Iterable[Place]:
    with told(folder):
        (info,) = folder.filesystem.get_file_info([folder.path])
        return [] if info.type == fs.FileType.NotFound else [found.place for found in files(folder, {SUFFIX})]


def _table(place: Place, columns: list[str] | None) -> Any:
    with told(place):
        try:
            return pq.read_table(place.path, filesystem=place.filesystem, columns=columns, schema=SCHEMA)
        except ValueError as error:
            raise ValueError(
                f"{place} is no part of an archive ({error}): choose another folder, or remove it"
            ) from error


def _groups(found: Sequence[Found], most_files: int) -> Iterator[tuple[Found, ...]]:
    group: list[Found] = []
    byte_count = 0
    for each in found:
        if group and (len(group) == most_files or byte_count + each.byte_count > MOST_BYTES):
            yield tuple(group)
            group, byte_count = [], 0
        group.append(each)
        byte_count += each.byte_count
    if group:
        yield tuple(group)
