"""Many clients at once: each gets its own answer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO

import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_client import BadImage, OcrClient
from tests.triton import Triton

CLIENTS, ROUNDS, LINES = 16, 3, 5
LINE_PX = 48


def lines(client: int, turn: int) -> list[str]:
    """A text that no other request has. All are about equally long, so that they can share batches on a GPU."""
    return [f"Client {client:02} asks {turn} line {line}" for line in range(LINES)]


def page(texts: list[str]) -> bytes:
    """Black on white, one text below the other."""
    image = Image.new("L", (544, LINE_PX * (len(texts) + 1)), "white")
    draw = ImageDraw.Draw(image)
    for row, text in enumerate(texts):
        draw.text((24, LINE_PX * row + 24), text, "black", ImageFont.load_default(32))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def ask_for_a_page(client: OcrClient, number: int, turn: int) -> None:
    assert client.read(page(lines(number, turn))).text.splitlines() == lines(number, turn)


def ask_with_no_image(client: OcrClient, number: int, turn: int) -> None:
    # Its length is this request's own, and the message tells it.
    length = 1000 * (turn + 1) + number
    with pytest.raises(BadImage, match=f"^these {length} bytes are no image"):
        client.read(b"x" * length)


def ask_for_half_a_page(client: OcrClient, number: int, turn: int) -> None:
    whole = page(lines(number, turn))
    with pytest.raises(BadImage, match="PNG image of 544 x 288 pixels is damaged"):
        client.read(whole[: len(whole) // 2])


ASK: list[Callable[[OcrClient, int, int], None]] = [
    ask_for_a_page,
    ask_for_a_page,
    ask_with_no_image,
    ask_for_a_page,
    ask_for_half_a_page,
]


def test_good_and_bad_images_at_once_get_their_own_answers(triton: Triton) -> None:
    def ask(number: int, turn: int) -> None:
        with OcrClient(triton.url) as client:
            ASK[(number + turn) % len(ASK)](client, number, turn)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for turn in range(ROUNDS):
            list(pool.map(partial(ask, turn=turn), range(CLIENTS)))
