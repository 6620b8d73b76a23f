"""A process decodes; what it cannot do in time or memory is refused, and the next image is decoded all the same."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ocr_core import image
from ocr_core.decoder import Decoder, Limits
from ocr_core.errors import BadImage
from tests.bombs import encode, exif_of_shared_values, jpeg_of_exif, png
from tests.project import SAMPLES
from tests.unit.asking import DB

STREET = np.fromfile(SAMPLES / "street.jpg", np.uint8)
LIMITS = Limits(max_megapixels=40, max_seconds=2)


def array(encoded: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(encoded, np.uint8)


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    with closing(Decoder(LIMITS, DB)) as started:
        yield started


def parent(decoder: Decoder) -> int:
    """The process that forks those that decode."""
    status = Path(f"/proc/{decoder.pid}/status").read_text(encoding="utf-8")
    return int(status.split("PPid:")[1].split()[0])


def assert_decodes(decoder: Decoder) -> None:
    page, size = decoder.decode(STREET)
    expected, expected_size = image.decode(STREET.tobytes(), 40, DB)
    assert size == expected_size
    assert np.array_equal(page, expected)


def test_a_page_is_the_same_as_when_it_is_decoded_here(decoder: Decoder) -> None:
    assert_decodes(decoder)
    other, _ = decoder.decode(array(png(64, 48)))
    assert other.tolist() == np.zeros((48, 64, 1)).tolist()
    assert_decodes(decoder)


@pytest.mark.parametrize(
    ("encoded", "said"),
    [
        (b"", "the image is empty"),
        (b"Dear server", "these 11 bytes are no image"),
        (STREET.tobytes()[:9999], "the JPEG image of 1280 x 960 pixels is damaged or truncated"),
    ],
)
def test_a_bad_image_is_told_as_it_is_here(decoder: Decoder, encoded: bytes, said: str) -> None:
    with pytest.raises(BadImage, match=said):
        decoder.decode(array(encoded))


def test_an_image_that_takes_too_long_is_refused_and_the_next_one_decoded() -> None:
    """Of 36 million pixels no machine makes a page in a twentieth of a second."""
    with closing(Decoder(Limits(max_megapixels=40, max_seconds=0.05), DB)) as decoder:
        for _ in range(2):
            page, _ = decoder.decode(array(png(1, 1)))
            assert page.shape == (1, 1, 1)
            slow = decoder.pid
            with pytest.raises(BadImage, match=r"takes more than 0\.05 s to decode; .*smaller"):
                decoder.decode(array(png(6000, 6000)))
            decoder.decode(array(png(1, 1)))
            assert decoder.pid != slow


def test_an_image_that_takes_too_much_memory_is_refused(decoder: Decoder) -> None:
    """Five thousand tags share 0.6 MB: 3 GB, where 1.3 are allowed."""
    bomb = jpeg_of_exif(exif_of_shared_values(5_000, 600_000))
    with pytest.raises(BadImage, match=r"takes (too much memory|more than .* s) to decode"):
        decoder.decode(array(bomb))
    assert_decodes(decoder)


def test_a_file_of_more_bytes_than_its_pixels_could_have_is_not_even_passed_on() -> None:
    with (
        closing(Decoder(Limits(max_megapixels=0.1, max_seconds=1), DB)) as decoder,
        pytest.raises(BadImage, match=r"the image's file has 1 MB; at most 0\.8 are accepted"),
    ):
        decoder.decode(np.zeros(1_000_000, np.uint8))


def test_a_file_larger_than_any_page_is_decoded_and_its_memory_given_back(decoder: Decoder) -> None:
    large = encode(Image.new("RGB", (5_000, 4_000), "white"), "BMP")
    assert len(large) > image.max_page_bytes(DB)
    page, size = decoder.decode(array(large))
    assert (size, page.min()) == ((4_000, 5_000), 255)
    assert shared_kb(decoder) < 1_000
    assert_decodes(decoder)


def shared_kb(decoder: Decoder) -> int:
    """Memory that lies in the file which both sides share."""
    status = Path(f"/proc/{decoder.pid}/status").read_text(encoding="utf-8")
    return int(status.split("RssShmem:")[1].split()[0])


@pytest.mark.parametrize("which", ["decoder", "the one that forks it"])
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV], ids=str)
def test_a_process_that_somebody_kills_or_stops_is_replaced(
    which: str, signal_number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr_core.decoder.STUCK_S", 0.5)
    with closing(Decoder(LIMITS, DB)) as decoder:
        os.kill(decoder.pid if which == "decoder" else parent(decoder), signal_number)
        assert_decodes(decoder)
        os.kill(decoder.pid, signal.SIGKILL)
        assert_decodes(decoder)


def test_an_error_of_ours_is_not_the_images_fault(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "_ask", lambda _: {"error": "Traceback: NameError"})
    with pytest.raises(RuntimeError, match="NameError"):
        decoder.decode(STREET)


def test_a_process_that_cannot_start_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(RuntimeError, match="the process that decodes images does not start"):
        Decoder(LIMITS, DB)


USER = """
import os, sys
from ocr_core.decoder import Decoder, Limits
from ocr_core.detector import Detector
from export.ppocr import DETECTOR
decoder = Decoder(Limits(40, 1), DETECTOR)
print(decoder.pid, flush=True)
sys.stdin.read()
"""


def test_the_processes_end_with_the_one_that_started_them() -> None:
    command = [sys.executable, "-c", USER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:  # noqa: S603
        assert user.stdout
        pid = int(user.stdout.readline())
        descriptor = os.pidfd_open(pid)
        user.kill()
    try:
        assert select.select([descriptor], [], [], 10)[0], "it lives on"
    finally:
        os.close(descriptor)
