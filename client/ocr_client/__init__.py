"""Read the text in images through a server's `ocr_ensemble`.

Example, with a server running (`make serve`):

    from ocr_client import OcrClient

    with OcrClient("localhost:8000") as client:
        page = client.read("receipt.jpg")
    for line in page.lines:
        print(f"{line.confidence:.2f}  {line.text}")
"""

from ocr_client.address import Tls
from ocr_client.async_client import AsyncOcrClient
from ocr_client.client import OcrClient
from ocr_client.errors import (
    BadImage,
    BadOption,
    BadRequest,
    OcrError,
    ServerFault,
    ServerOverloaded,
    ServerTimeout,
    ServerUnreachable,
    SharedMemoryUnavailable,
)
from ocr_client.images import ImageLike
from ocr_client.options import ReadOptions
from ocr_client.results import Character, Facts, Line, Page, ReadResult, Unread, Word
from ocr_client.server_info import ModelInfo, ServerInfo
from ocr_client.settings import ClientOptions

__all__ = [
    "AsyncOcrClient",
    "BadImage",
    "BadOption",
    "BadRequest",
    "Character",
    "ClientOptions",
    "Facts",
    "ImageLike",
    "Line",
    "ModelInfo",
    "OcrClient",
    "OcrError",
    "Page",
    "ReadOptions",
    "ReadResult",
    "ServerFault",
    "ServerInfo",
    "ServerOverloaded",
    "ServerTimeout",
    "ServerUnreachable",
    "SharedMemoryUnavailable",
    "Tls",
    "Unread",
    "Word",
]
