"""Files in folders and in object stores: found, read, and written whole or not at all."""

import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from pyarrow import fs

# An object appears when its upload ends; anywhere else, a file gets its name by being moved.
WHOLE_WHEN_CLOSED = ("s3", "gcs", "abfs")
# How pyarrow begins what a store has said: "When listing ... in bucket 'scans': AWS Error NO_SUCH_BUCKET during ...".
_TOLD = re.compile(r"When .*?: (?:AWS Error (\w+) during \w+ operation(?: \(.*?\))?: )?(.*)", re.DOTALL)

# "s3://key:secret@bucket/scans".
_SECRET = re.compile("//[^/?]*@")


@dataclass(frozen=True, slots=True)
class Place:
    """A file, or a folder and all that is below it.

    Attributes:
        filesystem: What it is in; all nodes of the cluster must reach it.
        path: Where in it.
        prefix: What stands before a path in the names of files: "s3://"; nothing if it is a path of this machine.
    """

    filesystem: fs.FileSystem
    path: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.prefix}{self.path}"

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self.path).name

    def below(self, relative: str) -> "Place":
        """A place in this folder."""
        return Place(self.filesystem, f"{self.path.rstrip('/')}/{relative}", self.prefix)

    def relative_to(self, folder: "Place") -> str:
        """Its path in a folder."""
        return self.path[len(folder.path) :].lstrip("/")

    def read(self) -> Path | bytes:
        """Its content, or its path if it is a file of this machine.

        Raises:
            OSError: It is not there, or the store cannot be reached.
        """
        if isinstance(self.filesystem, fs.LocalFileSystem):
            return Path(self.path)
        with told(self), self.filesystem.open_input_stream(self.path) as stream:
            content: bytes = stream.read()
            return content

    @contextmanager
    def written_whole(self) -> Iterator[BinaryIO]:
        """A file that appears here, in the place of one that was, when the block ends without an error.

        Raises:
            OSError: It cannot be written.
        """
        with tempfile.TemporaryFile() as local:
            yield local
            local.seek(0)
            with told(self):
                self._put(local)

    def _put(self, content: BinaryIO) -> None:
        is_object = self.filesystem.type_name in WHOLE_WHEN_CLOSED
        # Two attempts at the same file, of which one is thought dead, must not write into each other's.
        target = self.path if is_object else f"{self.path}.{secrets.token_hex(4)}.part"
        if not is_object:
            self.filesystem.create_dir(str(PurePosixPath(self.path).parent))
        with self.filesystem.open_output_stream(target) as stream:
            shutil.copyfileobj(content, stream)
        if not is_object:
            self.filesystem.move(target, self.path)


@dataclass(frozen=True, slots=True)
class Found:
    """A file that was found in a folder.

    Attributes:
        place: Where.
        relative: Its path in that folder.
        byte_count: Its length.
    """

    place: Place
    relative: str
    byte_count: int


def place(name: str) -> Place:
    """Understand a path, or the address of something in an object store: "s3://bucket/scans".

    Raises:
        ValueError: It is the address of nothing that can be opened.
        OSError: The store cannot be reached.
    """
    scheme, separator, _ = name.partition("://")
    if not separator:
        return Place(fs.LocalFileSystem(), str(Path(name).absolute()))
    shown = _SECRET.sub("//", name)
    try:
        with told(shown):
            filesystem, path = fs.FileSystem.from_uri(name)
    except ValueError as error:  # pyarrow's, too
        raise ValueError(
            f"{shown} is no address of files: write a path, s3://bucket/folder or gs://bucket/folder"
        ) from error
    return Place(filesystem, path, "" if scheme == "file" else f"{scheme}://")


def files(folder: Place, suffixes: set[str]) -> list[Found]:
    """All files below a folder that have one of these suffixes, by their names; or the one file that the place is.

    Raises:
        FileNotFoundError: Nothing is there.
        OSError: The store cannot be reached.
    """
    with told(folder):
        (info,) = folder.filesystem.get_file_info([folder.path])
        if info.type == fs.FileType.NotFound:
            raise FileNotFoundError(f"{folder} does not exist")
        if info.is_file:
            return [Found(folder, folder.name, info.size)]
        below = folder.filesystem.get_file_info(fs.FileSelector(folder.path, recursive=True))
    places = ((Place(folder.filesystem, each.path, folder.prefix), each) for each in below if each.is_file)
    found = [
        Found(where, where.relative_to(folder), each.size)
        for where, each in places
        if PurePosixPath(where.name).suffix.lower() in suffixes
    ]
    return sorted(found, key=lambda each: each.relative)


@contextmanager
def told(where: object) -> Iterator[None]:
    """Have what an object store says end in one sentence.

    Raises:
        OSError: As in the block; FileNotFoundError stays one.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if not (said := _TOLD.match(str(error))):
            raise
        code, sentence = said.groups()
        why = ", ".join(filter(None, (code, sentence.strip())))
        raise OSError(
            f"{where} cannot be reached ({why}): check its address, its region and your credentials"
        ) from error
