"""Whether images still come out of a server whose processes are all alive: one of them may be stuck.

Nothing is asked of a server that reads images. When none has come out for a while, a small one goes in. A server that
is only busy goes on reading lines meanwhile; one that is stuck neither answers nor reads. One that does not get the
cores of a busy machine is not stuck, either.
"""

import io
import threading
import time
from collections.abc import Callable

from ocr_launch.http_api import ApiError, HttpApi
from ocr_launch.names import ENSEMBLE, naming_recognizers
from ocr_launch.starvation import CoreTime

# Whatever was exported finds and reads these letters; how surely is not the question here.
HEADERS = {"Inference-Header-Content-Length": "0", "Min-Confidence": "0"}
ASK_S = 5.0
ANSWER_TIMEOUT_S = 5.0
# After so long without any work done, a small image goes in, ...
QUIET_S = 10.0
# ... which may take so long.
PROBE_S = 20.0


# No answer, and refused: pages that are stuck fill the server. Any other error is an answer.
UNREAD = (0, 503)


class Pulse:
    """Counts what a server has read, in a thread of its own.

    Args:
        api: How to ask the server.
        core_time: Tells what its threads have had of the cores.
        cores: That it may use.
        clock_s: Tells the time.
    """

    def __init__(
        self,
        api: HttpApi,
        core_time: Callable[[], CoreTime],
        cores: float,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api, self._core_time, self._cores, self._clock_s = api, core_time, cores, clock_s
        self._count = -1
        self._beat_s = clock_s()
        self._is_stuck = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    @property
    def is_stuck(self) -> bool:
        """A small image was not read in time, and nothing else was either, though there were cores for it."""
        return self._is_stuck

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def end(self) -> None:
        """Ask no more."""
        self._ended.set()

    def feel(self) -> None:
        """Look once, and send a small image if there was no work for long."""
        count = self._work_done()
        if count is None or count != self._count:
            self._count, self._beat_s = (self._count if count is None else count), self._clock_s()
        elif self._clock_s() - self._beat_s > QUIET_S:
            before = self._core_time()
            is_still = not self._reads() and self._work_done() == count
            self._is_stuck = is_still and not self._core_time().is_starved_since(before, self._cores)
            if not self._is_stuck:
                self._beat_s = self._clock_s()

    def _run(self) -> None:
        while not self._ended.wait(ASK_S):
            self.feel()

    def _work_done(self) -> int | None:
        """How many pages and how many batches of lines were read so far; None if the server does not tell."""
        try:
            configs = self._api.configs(ANSWER_TIMEOUT_S)
            called = [
                config["parameters"][key]["string_value"]
                for config in configs.values()
                for key in naming_recognizers(config.get("parameters", {}))
            ]
            return sum(self._api.successes(model, ANSWER_TIMEOUT_S) for model in (ENSEMBLE, *called))
        except ApiError:
            return None  # whether it answers at all is asked elsewhere

    def _reads(self) -> bool:
        try:
            self._api.infer(ENSEMBLE, picture(), HEADERS, PROBE_S)
        except ApiError as error:
            return error.status not in UNREAD
        return True


def picture() -> bytes:
    """A PNG file with one word on it."""
    from PIL import Image, ImageDraw, ImageFont  # not above: most questions are asked without it

    image = Image.new("RGB", (160, 64), "white")
    ImageDraw.Draw(image).text((24, 16), "HEALTH", "black", ImageFont.load_default(24))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
