"""A few clients, half of them over gRPC, that send one image again and again, and check every answer."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ocr_client import OcrClient, OcrError
from tests.reliability.senders import Senders

RIGHT, WRONG, ERROR = "right", "wrong", "error"
TIMEOUT_S = 10.0
# A client that was refused asks again after this.
PAUSE_S = 0.05


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    Attributes:
        end_s: When it was answered, by `time.monotonic`.
        outcome: `right`, `wrong`, or `error`.
        detail: What was said or read instead.
    """

    end_s: float
    outcome: str
    detail: str = ""


class Load(Senders):
    """Clients as a context manager: they send inside the block.

    Args:
        urls: The server's addresses, which the clients take in turn.
        image: What they send.
        text: What is written on it.
        clients: How many there are.

    Attributes:
        answers: All answers, in their order.
    """

    def __init__(self, urls: Sequence[str], image: Path, text: str, clients: int) -> None:
        super().__init__(clients)
        self.answers: list[Answer] = []
        self._urls, self._content, self._text = urls, image.read_bytes(), text

    def since(self, start_s: float) -> Sequence[Answer]:
        """The answers from then on."""
        return [answer for answer in tuple(self.answers) if answer.end_s >= start_s]

    def _send(self, number: int) -> None:
        with OcrClient(self._urls[number % len(self._urls)], timeout_s=TIMEOUT_S, retries=0) as client:
            while not self._ended.is_set():
                answer = self._ask(client)
                self.answers.append(answer)
                if answer.outcome == ERROR:
                    self._ended.wait(PAUSE_S)

    def _ask(self, client: OcrClient) -> Answer:
        try:
            text = client.read(self._content).text
        except OcrError as error:
            return Answer(time.monotonic(), ERROR, str(error))
        return Answer(time.monotonic(), RIGHT if text == self._text else WRONG, text)
