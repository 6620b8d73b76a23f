"""Spaces part words, and nothing that is one number, date, code or address."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_client import OcrClient

WHOLE = (
    "1,280.50",
    "$3,499.00",
    "12/05/2024",
    "2024-05-12",
    "27.05.1987",
    "10:45:30",
    "555-0123/4",
    "AB-1234-X9",
    "WA45/2A-12",
    "0049301234567",
    "4006381333931",
    "192.168.10.1",
    "jq@example.org",
    "www.example.org",
    "35.5x25.5cm",
    "100%",
)
PARTED = ("12/05/2024 10:45", "1 X 19.00", "MR. A. SMITH", "Fax no. 555", "HARBOUR STREET 11")


@pytest.mark.parametrize("font", ["DejaVuSans", "DejaVuSansMono", "DejaVuSerif", "STIXGeneral"])
def test_spaces_are_read_where_they_are_and_nowhere_else(client: OcrClient, font: str) -> None:
    file = Path(mpl.get_data_path(), "fonts", "ttf", f"{font}.ttf")
    lines = WHOLE + PARTED
    image = Image.new("RGB", (1000, 70 * (len(lines) + 1) // 2), "white")
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        at = 40 + 500 * (number % 2), 20 + 70 * (number // 2)
        pen.text(at, line, "black", ImageFont.truetype(file, 28))
    read = [line.text for line in client.read(np.asarray(image)).lines]
    by_letters = {text.replace(" ", ""): text for text in read}
    assert {line: by_letters.get(line.replace(" ", "")) for line in lines} == {line: line for line in lines}
