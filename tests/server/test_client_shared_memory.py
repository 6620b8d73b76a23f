"""Images handed over in shared memory to a server on this machine."""

import pytest

from ocr_client import BadImage, Page
from tests.blocking import CLIENTS, Client
from tests.project import SAMPLES
from tests.triton import Triton

LABEL = SAMPLES / "label.png"


@pytest.mark.parametrize("kind", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_shared_memory_gives_the_same_page_and_is_given_back(
    triton: Triton, label: Page, kind: type[Client], protocol: str
) -> None:
    url = {"http": f"http://{triton.url}", "grpc": f"grpc://{triton.grpc_url}"}[protocol]
    with kind(url, shared_memory=True) as client:
        assert client.read(LABEL) == label
        with pytest.raises(BadImage, match="these 8 bytes are no image"):
            client.read(b"no image")
        pages = [result.unwrap() for result in client.read_many([LABEL, LABEL], concurrency=2)]
        assert pages == [label] * 2
        assert 1 <= len(regions(triton)) <= 2
    assert regions(triton) == []


def regions(triton: Triton) -> list[str]:
    """Names of the regions that the server has open for us."""
    with triton.connect() as client:
        return [region["name"] for region in client.get_system_shared_memory_status()]
