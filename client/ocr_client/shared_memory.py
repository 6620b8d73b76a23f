"""Regions of system shared memory, in which a server on the same machine finds an image.

A region is a file in /dev/shm. Its name is removed as soon as the server has opened it, so no file stays behind when
this process ends, even if it is killed.
"""

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from ocr_client.errors import SharedMemoryUnavailable

FOLDER = Path("/dev/shm")  # noqa: S108  what Linux's shm_open uses
# A region is a power of two from here on, so that the next image fits in, too.
SMALLEST = 1 << 20
DO_WITHOUT = "leave shared_memory out"


@dataclass(slots=True, eq=False)
class Region:
    """Memory for one image at a time.

    Attributes:
        name: What requests call it.
        byte_size: Its length.
        file: Descriptor of the open file.
        registered: Whether the server knows it.
    """

    name: str
    byte_size: int
    file: int
    registered: bool = False

    @property
    def key(self) -> str:
        """What `shm_open` calls it."""
        return f"/{self.name}"

    def write(self, image: bytes) -> None:
        """Put an image at the beginning.

        Raises:
            SharedMemoryUnavailable: There is no room.
        """
        rest = memoryview(image)
        try:
            while rest:
                rest = rest[os.pwrite(self.file, rest, len(image) - len(rest)) :]
        except OSError as error:
            raise _no_room(len(image), error) from error

    def forget_name(self) -> None:
        """Remove the name; who has opened the region keeps it."""
        (FOLDER / self.name).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of it on this side."""
        self.forget_name()
        os.close(self.file)


class Regions:
    """The regions of one client, lent to one request each; any number of threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Region] = []
        self._left_to_server: list[str] = []

    def lend(self, byte_size: int) -> Region:
        """An idle region with room for an image, or a new one.

        Raises:
            SharedMemoryUnavailable: /dev/shm is full, or this is not Linux.
        """
        with self._lock:
            for region in self._idle:
                if region.byte_size >= byte_size:
                    self._idle.remove(region)
                    return region
        return _create(max(SMALLEST, 1 << (byte_size - 1).bit_length()))

    def take_back(self, region: Region) -> None:
        """Keep a region for the next request."""
        with self._lock:
            self._idle.append(region)

    def retire(self, region: Region) -> None:
        """Never lend a region again: the server may have lost it, or may still be reading it."""
        region.close()
        if region.registered:
            with self._lock:
                self._left_to_server.append(region.name)

    def retire_idle(self) -> list[str]:
        """Retire all regions that are not lent; the names of all that the server may still have."""
        with self._lock:
            idle, self._idle = self._idle, []
        for region in idle:
            self.retire(region)
        with self._lock:
            return list(self._left_to_server)


def _create(byte_size: int) -> Region:
    name = f"ocr-{uuid4().hex}"
    if not FOLDER.is_dir():
        raise SharedMemoryUnavailable(f"shared_memory needs {FOLDER}, as Linux has it: leave it out")
    try:
        file = os.open(FOLDER / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SharedMemoryUnavailable(f"{FOLDER} cannot be used ({error.strerror}): {DO_WITHOUT}") from error
    region = Region(name, byte_size, file)
    try:
        # Without its pages reserved, a write beyond what /dev/shm has left would kill the process.
        os.posix_fallocate(file, 0, byte_size)
    except OSError as error:
        region.close()
        raise _no_room(byte_size, error) from error
    return region


def _no_room(byte_size: int, error: OSError) -> SharedMemoryUnavailable:
    return SharedMemoryUnavailable(
        f"{FOLDER} has no room for {byte_size} bytes ({error.strerror}): make room there, or {DO_WITHOUT}"
    )
