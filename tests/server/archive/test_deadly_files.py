"""A file that ends the process that reads it, each time, becomes a row with an error; the others are read."""

from pathlib import Path

import pytest

from tests.project import SAMPLES
from tests.ray_environment import RayPython
from tests.server.archive.conftest import RayCluster, rows
from tests.triton import Triton

pytestmark = pytest.mark.frameworks
# What a fault in a decoder does, or the kernel when memory is used up: the process is gone, without a word.
ARCHIVE = """
import os, sys
from functools import partial
import ray
from ocr_client import OcrClient
from ocr_client.ray.archive import make_plan, read
from ocr_client.ray.reading import Reading
from ocr_client.ray.storage import place

class Mortal(OcrClient):
    def read(self, image, **options):
        if image == b"deadly":
            os._exit(1)
        return super().read(image, **options)

scans, out, url, address = sys.argv[1:]
ray.init(address, log_to_driver=False)
connect = partial(Mortal, url, timeout_s=300)
reading = Reading(
    connect=connect, output=place(out), format_name=None, concurrency=2, dpi=200, force=False, options={}
)
plan = make_plan([place(scans)], place(out), retry_failed=False, writes_files=False)
tallies = list(read(plan, reading, readers=1, cpus=1))
print(sum(tally.files for tally in tallies), sum(tally.failed for tally in tallies))
"""


def test_a_file_that_kills_its_reader_becomes_a_row(
    triton: Triton, python: RayPython, cluster: RayCluster, tmp_path: Path
) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    scans.mkdir()
    for name in ("before", "behind"):
        (scans / f"{name}.png").write_bytes((SAMPLES / "label.png").read_bytes())
    (scans / "between.png").write_bytes(b"deadly")
    done = python.run(ARCHIVE, scans, out, triton.url, cluster.address)
    assert "3 1" in done.stdout.splitlines(), done.stderr  # Ray adds lines of its own
    errors = {Path(row["source"]).name: row["error_kind"] for row in rows(python, out)}
    assert errors == {"before.png": None, "behind.png": None, "between.png": "ReaderDied"}
