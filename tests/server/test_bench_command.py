"""`ocr bench` against a server."""

import json

from click.testing import CliRunner

from ocr_client.cli import main
from tests.project import SAMPLES
from tests.triton import Triton


def test_a_server_is_measured_on_images_of_ones_own(triton: Triton) -> None:
    images = [str(SAMPLES / name) for name in ("blank.png", "label.png")]
    before = triton.calls("ocr_ensemble")
    done = CliRunner(env={"OCR_URL": triton.url}).invoke(
        main, ["bench", *images, "--requests", "4", "--warm-up", "1", "--concurrency", "2", "--format", "json"]
    )
    told = json.loads(done.stdout)
    assert (told["requests"], told["concurrency"], told["errors"], done.exit_code) == (4, 2, {}, 0)
    assert triton.calls("ocr_ensemble") - before in (5, 6)  # a container's health check may come between
    assert 0 < told["images_per_s"] < 4 * 1000 / told["latency_ms"]["p50"]
    assert list(told["latency_ms"]) == ["p50"]
    assert 0 < told["latency_ms"]["p50"] <= told["seconds"] * 1000
