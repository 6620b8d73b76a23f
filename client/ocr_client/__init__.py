"""Read the text in images through a server's `ocr_ensemble`.

Example, with a server running (`make serve`):

    from ocr_client import OcrClient

    with OcrClient("localhost:8000") as client:
        page = client.read("receipt.jpg")
    for line in page.lines:
        print(f"{line.confidence:.2f}  {line.text}")
"""

from ocr_client.client import OcrClient
from ocr_client.errors import (
    BadImage,
    OcrError,
    ServerFault,
    ServerOverloaded,
    ServerTimeout,
    ServerUnreachable,
)
from ocr_client.options import ReadOptions
from ocr_client.results import Line, Page

__all__ = [
    "BadImage",
    "Line",
    "OcrClient",
    "OcrError",
    "Page",
    "ReadOptions",
    "ServerFault",
    "ServerOverloaded",
    "ServerTimeout",
    "ServerUnreachable",
]
