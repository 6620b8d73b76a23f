"""The same call over HTTP and gRPC, blocking and for asyncio, gives the same."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr_client import (
    BadImage,
    BadOption,
    ImageLike,
    OcrClient,
    Page,
    ServerTimeout,
)
from tests.blocking import CLIENTS, Client
from tests.project import SAMPLES
from tests.triton import Triton

LABEL = SAMPLES / "label.png"


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> type[Client]:
    return CLIENTS[request.param]


@pytest.fixture(params=["http", "grpc"])
def url(request: pytest.FixtureRequest, triton: Triton) -> str:
    if request.param == "http":
        return f"http://{triton.url}"
    if triton.grpc_url is None:
        pytest.skip("--triton names HTTP's address only: --triton=HOST:PORT,HOST:GRPC_PORT")
    return f"grpc://{triton.grpc_url}"


@pytest.fixture
def client(kind: type[Client], url: str) -> Iterator[Client]:
    with kind(url) as connected:
        yield connected


def test_every_way_gives_the_same_page(client: Client, label: Page) -> None:
    assert client.read(LABEL) == label


def test_options_and_a_page_without_lines_pass_every_way(client: Client, label: Page) -> None:
    assert client.read(LABEL, quad_threshold=1) == Page(width=label.width, height=label.height, lines=())


def test_a_bad_image_is_the_same_error_every_way(client: Client) -> None:
    with pytest.raises(BadImage, match=r"^these 8 bytes are no image that can be read here; send"):
        client.read(b"no image")


def test_the_server_describes_itself_the_same_every_way(client: Client, url: str) -> None:
    assert client.ready()
    info = client.server_info()
    assert (info.url, info.name, info.ready, info.problems) == (url, "triton", True, ())
    backends = {model.name: model.backend for model in info.models}
    assert backends == {
        "ocr_ensemble": "ensemble",
        "image_preprocessing": "python",
        "text_detection": "onnxruntime",
        "text_cropping": "python",
        "ctc_decoding": "python",
        "text_recognition": "onnxruntime",
    }
    assert all(model.devices for model in info.models if model.name != "ocr_ensemble")


@pytest.mark.parametrize("url", ["grpc"], indirect=True)
def test_an_image_beyond_grpcs_usual_4_megabytes_passes(client: Client) -> None:
    page = client.read(np.full((1200, 1200, 3), 255, np.uint8))
    assert (page.width, page.height, page.lines) == (1200, 1200, ())


def test_a_timeout_is_one_every_way(kind: type[Client], url: str) -> None:
    with kind(url, timeout_s=0.002) as client, pytest.raises(ServerTimeout, match=r"no answer within 0\.002 s"):
        client.read(LABEL)


def test_every_kind_of_image_gives_the_same_page(triton: Triton, tmp_path: Path) -> None:
    path = tmp_path / "edge.png"
    with Image.open(LABEL) as label:
        edge = label.convert("RGB").crop((0, 100, 840, 260))
    edge.save(path)
    content = path.read_bytes()
    kinds: list[ImageLike] = [content, bytearray(content), str(path), path, BytesIO(content), edge, np.asarray(edge)]
    with OcrClient(triton.url) as client:
        first, *others = [result.unwrap() for result in client.read_many(kinds)]
    assert first.lines
    assert others == [first] * 6


def test_an_option_that_the_server_refuses_is_no_bad_image(triton: Triton) -> None:
    # A client checks options itself; as a header, one gets past it.
    with (
        OcrClient(triton.url, headers={"Quad-Threshold": "2"}) as client,
        pytest.raises(BadOption, match=r"^quad_threshold is 2; it must be between 0 and 1$"),
    ):
        client.read(LABEL)
