"""The other side of decoder.py: `python -m ocr_core.decoder_process`.

This process forks the one that decodes, and the next one when that took too long: a decoder is back within
milliseconds. If it dies of anything else, this process ends, too, and decoder.py starts it anew.
"""

import contextlib
import json
import mmap
import os
import resource
import signal
import socket
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ocr_core import image
from ocr_core.decoder import MAX_MESSAGE_BYTES, Limits
from ocr_core.detector import Detector
from ocr_core.errors import BadImage

# What the largest image needs, mostly copies of it of four bytes a pixel, and what the libraries need beside it.
BYTES_PER_PIXEL = 24
OTHER_BYTES = 300_000_000
# The kernel sends it when the time is up; it ends a process that has no handler for it.
TIME_IS_UP = signal.SIGPROF


def main(socket_descriptor: int, memory: int, limits: Limits, detector: Detector) -> None:
    """Have files decoded until the other side has gone."""
    warnings.simplefilter("ignore")  # Pillow's, about each damaged file
    with contextlib.suppress(OSError):  # where memory runs out, this process is the one that can be replaced
        Path("/proc/self/oom_score_adj").write_text("500", encoding="utf-8")
    with socket.socket(fileno=socket_descriptor) as connection:
        while (child := os.fork()) != 0:
            _, status = os.waitpid(child, 0)
            if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != TIME_IS_UP:
                return
            connection.send(_message(bad_image=_too_long(limits)))
        _serve(connection, memory, limits, detector)


def _serve(connection: socket.socket, memory: int, limits: Limits, detector: Detector) -> None:
    most = OTHER_BYTES + int(limits.max_megapixels * 1e6 * BYTES_PER_PIXEL)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    shared = mmap.mmap(memory, 0)
    connection.send(_message(pid=os.getpid()))
    while file_bytes := connection.recv(MAX_MESSAGE_BYTES):
        if len(shared) != os.fstat(memory).st_size:
            shared = mmap.mmap(memory, 0)
        signal.setitimer(signal.ITIMER_PROF, limits.max_seconds)
        answer = _answer(shared, int(file_bytes), limits, detector)
        signal.setitimer(signal.ITIMER_PROF, 0)
        connection.send(answer)


def _answer(shared: mmap.mmap, file_bytes: int, limits: Limits, detector: Detector) -> bytes:
    """Decode the file that lies in the shared memory, and put the page into its place."""
    try:
        page, size = image.decode(shared[:file_bytes], limits.max_megapixels, detector)
    except BadImage as error:
        return _message(bad_image=str(error))
    except MemoryError:
        return _message(bad_image="the image takes too much memory to decode; save it anew and send that file")
    except Exception:  # noqa: BLE001 - the other side logs it
        return _message(error=traceback.format_exc()[-MAX_MESSAGE_BYTES // 8 :])
    np.copyto(np.frombuffer(shared, np.uint8, page.size).reshape(page.shape), page)
    return _message(page=page.shape, size=size)


def _too_long(limits: Limits) -> str:
    return (
        f"the image takes more than {limits.max_seconds:g} s to decode; save it as a baseline JPEG or send it smaller"
    )


def _message(**content: Any) -> bytes:
    return json.dumps(content).encode()


if __name__ == "__main__":
    wanted, takes = json.loads(sys.argv[3])
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the other side has gone
        main(int(sys.argv[1]), int(sys.argv[2]), Limits(**wanted), Detector(**takes))
