"""The synchronous client: a thin shell of I/O around `protocol`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

from geventhttpclient.response import HTTPConnectionClosed  # comes with tritonclient[http]
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from ocr_client import protocol
from ocr_client.errors import OcrError
from ocr_client.results import Page

if TYPE_CHECKING:
    # typing has Self and Unpack from Python 3.11 and 3.12 on; at run time nothing needs them.
    from typing_extensions import Self, Unpack

    from ocr_client.options import ReadOptions


class OcrClient:
    """A connection to an OCR server; every thread needs its own.

    Args:
        url: "host:port", "http://host:port" or "https://host:port" of Triton's HTTP endpoint.
        timeout_s: Seconds to wait for the connection, and then for each sign of life from the server.

    Raises:
        ValueError: The URL is no server's address.
    """

    def __init__(self, url: str = "localhost:8000", *, timeout_s: float = 60.0) -> None:
        self._address = protocol.parse_url(url)
        self._timeout_s = timeout_s
        self._triton = InferenceServerClient(
            self._address.target,
            ssl=self._address.tls,
            connection_timeout=timeout_s,
            network_timeout=timeout_s,
        )

    def read(self, image: bytes | str | os.PathLike[str], **options: "Unpack[ReadOptions]") -> Page:
        """Read the text in one image.

        Args:
            image: The encoded file (JPEG, PNG, …): its content as bytes, or its path.
            **options: See `ReadOptions`.

        Raises:
            OSError: The file cannot be read (FileNotFoundError if it is missing).
            TypeError: An option does not exist, or is no number.
            ValueError: An option is out of range.
            OcrError: The server cannot be reached, refuses the image or fails; see `ocr_client.errors`.
        """
        content = image if isinstance(image, bytes) else Path(image).read_bytes()
        request = protocol.build_request(content, options)
        tensor = InferInput(protocol.INPUT, request.image.shape, "UINT8")
        tensor.set_data_from_numpy(request.image)
        wanted = [InferRequestedOutput(name, binary_data=True) for name in protocol.OUTPUTS]
        with self._failures_explained():
            result = self._triton.infer(protocol.MODEL, [tensor], outputs=wanted, parameters=request.parameters)
            outputs = {name: result.as_numpy(name) for name in protocol.OUTPUTS}
        return protocol.parse_page(outputs)

    def ready(self) -> bool:
        """Whether the server answers and has the model loaded."""
        try:
            with self._failures_explained():
                return bool(self._triton.is_model_ready(protocol.MODEL))
        except OcrError:
            return False

    def close(self) -> None:
        """Close the connection; leaving the `with` block does it, too."""
        self._triton.close()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @contextmanager
    def _failures_explained(self) -> Iterator[None]:
        """Raise what the transport raises as one of `ocr_client.errors`."""
        try:
            yield
        except InferenceServerException as error:
            raise protocol.server_error(self._address, error.status(), error.message()) from error
        except TimeoutError as error:
            raise protocol.timeout(self._address, self._timeout_s) from error
        except (OSError, HTTPConnectionClosed) as error:
            raise protocol.unreachable(self._address, error) from error
        except (HTTPException, ValueError, LookupError) as error:
            raise protocol.not_triton(self._address, error) from error
