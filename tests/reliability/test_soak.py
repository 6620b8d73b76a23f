"""A short `make soak`: memory is flat after the first images. And what a long one would say of a server that leaks."""

from collections.abc import Iterator

import pytest

from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY
from tests.reliability.memory import SHM, SUM
from tests.reliability.soak import Soak, breaches, soak, table

REQUESTS, WARM = 400, 200
# Of so few images, some shapes come for the first time after the mark, and some processes meet their first large page
# in the burst. What leaks a megabyte or two with each image is found all the same.
GROWTH_PERCENT, BURST_PERCENT = 25.0, 60.0


@pytest.fixture(scope="module")
def server() -> Iterator[TritonServer]:
    with TritonServer(MODEL_REPOSITORY, stop_timeout_s=10) as started:
        yield started


def test_memory_is_flat_after_the_first_images(server: TritonServer) -> None:
    seen = soak(server, REQUESTS, [WARM, REQUESTS], round_size=WARM, large_rounds=1, burst_pages=4)
    broken = list(breaches(seen, str(WARM), str(REQUESTS), GROWTH_PERCENT, BURST_PERCENT))
    assert broken == [], table(seen, str(WARM), str(REQUESTS))


@pytest.mark.parametrize(
    ("end_mb", "burst_mb", "told"),
    [
        ((1019, 50.9), (1100, 55), []),
        ((1021, 50), (1021, 50), [f"{SUM} has grown by 2.1 % from request 1000 on; the bound is 2 %"]),
        ((1000, 52), (1000, 52), [f"{SHM} has grown by 4.0 % from request 1000 on; the bound is 2 %"]),
        ((1000, 50), (1200, 50), [f"{SUM} has 20.0 % more after the burst; the bound is 10 %"]),
    ],
)
def test_growth_and_what_a_burst_leaves_are_told(
    end_mb: tuple[float, float], burst_mb: tuple[float, float], told: list[str]
) -> None:
    rows = {"1000": (1000.0, 50.0), "20000": end_mb, "burst": burst_mb}
    seen = Soak({mark: dict(zip((SUM, SHM), values, strict=True)) for mark, values in rows.items()})
    assert list(breaches(seen, "1000", "20000", 2.0)) == told


def test_wrong_answers_and_failures_are_told() -> None:
    seen = Soak({mark: {SUM: 1000.0, SHM: 50.0} for mark in ("1000", "20000", "burst")}, wrong=1, errors=["gone"])
    assert len(list(breaches(seen, "1000", "20000", 2.0))) == 2
