"""Decodes images in a process beside this one, where it cannot take more time or memory than it is given."""

import contextlib
import dataclasses
import json
import mmap
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_core import image, metrics
from ocr_core.detector import Detector
from ocr_core.errors import BadImage
from ocr_core.pixels import PixelArray

# Greatest message that either side sends: a sentence, or a traceback.
MAX_MESSAGE_BYTES = 65_536
# Of the memory that both sides share, more than this is given back after use.
KEPT_BYTES = 16 * 2**20
START_S = 60
# No pixel has more than four bands of 16 bits.
FILE_BYTES_PER_PIXEL = 8
# A process that computes nothing for so long is stopped or stuck; one that others leave little time computes slowly.
STUCK_S = 3


@dataclasses.dataclass(frozen=True)
class Limits:
    """What an image may cost.

    Attributes:
        max_megapixels: As in `ocr_core.image.decode`.
        max_seconds: Of a core's time.
    """

    max_megapixels: float
    max_seconds: float


class Decoder:
    """`ocr_core.image.decode` in a process of its own, which starts here and is replaced when it dies.

    One call at a time.

    Args:
        limits: What an image may cost.
        detector: What it takes decides how large a page is of use.

    Attributes:
        pid: Of the process that decodes now.

    Raises:
        RuntimeError: The process does not start.
    """

    def __init__(self, limits: Limits, detector: Detector) -> None:
        self._limits = limits
        self._settings = json.dumps([dataclasses.asdict(limits), dataclasses.asdict(detector)])
        self._shared_bytes = image.max_page_bytes(detector)
        self._start()

    @metrics.timed(metrics.DECODING)
    def decode(self, encoded: NDArray[np.uint8]) -> tuple[PixelArray, tuple[int, int]]:
        """Decode an image file.

        Args:
            encoded: The file's bytes, (n,) uint8.

        Returns:
            As `ocr_core.image.decode`.

        Raises:
            BadImage: As there; or it is too large a file, or takes too much time or memory to decode.
        """
        limit_mb = self._limits.max_megapixels * FILE_BYTES_PER_PIXEL
        if len(encoded) > limit_mb * 1e6:
            raise BadImage(f"the image's file has {len(encoded) / 1e6:.0f} MB; at most {limit_mb:g} are accepted")
        for _ in range(2):
            # Who kills or stops the process may be this file, or may not: so it gets another chance.
            with contextlib.suppress(OSError, EOFError):
                return self._decode(encoded)
            self.close()
            self._start()
        raise BadImage("the image cannot be decoded: that fails or takes too long; save it anew and send that file")

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._socket.close()
        self._shared.close()

    def _start(self) -> None:
        memory = os.memfd_create("ocr-decoder")
        os.ftruncate(memory, self._shared_bytes)
        self._shared = mmap.mmap(memory, self._shared_bytes)
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [_python(), "-m", "ocr_core.decoder_process", str(theirs.fileno()), str(memory), self._settings],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), memory),
            start_new_session=True,
            cwd=Path(__file__).parents[1],  # comes first on its path, so that it is of the same version as this
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )
        theirs.close()
        os.close(memory)
        self._socket.settimeout(START_S)
        try:
            self.pid = int(self._receive()["pid"])
        except (OSError, EOFError):
            self.close()
            raise RuntimeError("the process that decodes images does not start; its messages stand above") from None
        self._socket.settimeout(STUCK_S)

    def _decode(self, encoded: NDArray[np.uint8]) -> tuple[PixelArray, tuple[int, int]]:
        """Put the file into the shared memory, and take the page out of it."""
        if len(encoded) > len(self._shared):
            self._shared.resize(len(encoded))
        self._shared[: len(encoded)] = encoded.data
        try:
            answer = self._ask(str(len(encoded)))
            if "bad_image" in answer:
                raise BadImage(answer["bad_image"])
            if "error" in answer:
                raise RuntimeError(answer["error"])
            shape, (height, width) = answer["page"], answer["size"]
            page = np.frombuffer(self._shared, np.uint8, np.prod(shape)).reshape(shape).copy()
        finally:
            self._give_back(len(encoded))
        return page, (height, width)

    def _ask(self, message: str) -> dict[str, Any]:
        """Send a message, wait for the answer as long as the process computes."""
        self._socket.send(message.encode())
        computed = None
        while True:
            try:
                answer = self._receive()
            except TimeoutError:
                before, computed = computed, _computed(self.pid)
                if computed == before:
                    raise
                continue
            if "pid" not in answer:
                return answer
            self.pid = int(answer["pid"])  # another took over after the last image

    def _receive(self) -> dict[str, Any]:
        if not (message := self._socket.recv(MAX_MESSAGE_BYTES)):
            raise EOFError
        answer: dict[str, Any] = json.loads(message)
        return answer

    def _give_back(self, file_bytes: int) -> None:
        if len(self._shared) > self._shared_bytes:
            self._shared.resize(self._shared_bytes)
        if file_bytes > KEPT_BYTES:
            self._shared.madvise(mmap.MADV_REMOVE)


def _computed(pid: int) -> list[str]:
    """The time that a process has had of the cores, as the kernel puts it (proc(5), utime and stime)."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]


def _python() -> str:
    """The interpreter with these packages; inside Triton, that is not the running program."""
    if sys.executable and "python" in Path(sys.executable).name:
        return sys.executable
    return shutil.which("python3") or "python3"
