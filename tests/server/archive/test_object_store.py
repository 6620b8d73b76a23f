"""`ocr archive` from an object store into another place of it, and what it says if a bucket is not there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.object_store import ObjectStore, object_store
from tests.project import SAMPLES
from tests.ray_environment import RayPython
from tests.server.archive.conftest import OCR, RayCluster, rows
from tests.triton import Triton

pytestmark = pytest.mark.frameworks


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store() as running:
        yield running


def test_pages_go_from_a_bucket_into_a_bucket_and_a_second_run_skips_them(
    triton: Triton, python: RayPython, cluster: RayCluster, store: ObjectStore, scans: Path, tmp_path: Path
) -> None:
    store.put(scans, "scans/of-1900")
    source, target = store.for_arrow("scans/of-1900"), store.for_arrow("scans/text")
    command = (OCR, "archive", source, target, "--url", triton.url, "--ray", cluster.address, "--format", "text")
    first = python.run(*command)
    assert first.returncode == 1, first.stderr  # a page is broken
    assert first.stderr.startswith("2 pages of 2 files are in s3://scans/text, 1 with an error")
    store.get("scans/text", tmp_path / "text")
    broken, label = sorted(rows(python, tmp_path / "text"), key=lambda row: str(row["source"]))
    assert (broken["source"], broken["error_kind"]) == ("s3://scans/of-1900/broken.png", "BadImage")
    assert label["source"] == "s3://scans/of-1900/deeper/label.png"
    expected = (SAMPLES / "label.txt").read_text(encoding="utf-8")
    assert label["text"] + "\n" == expected
    written = [file for file in (tmp_path / "text" / "text").rglob("*") if file.is_file()]
    assert [file.read_text(encoding="utf-8") for file in written] == [expected]
    assert "nothing to do: all 2 files are in s3://scans/text" in python.run(*command).stderr


def test_a_bucket_that_cannot_be_written_ends_the_run_with_a_sentence(
    triton: Triton, python: RayPython, cluster: RayCluster, store: ObjectStore, scans: Path
) -> None:
    target = store.for_arrow("nobodys/text")
    done = python.run(OCR, "archive", scans, target, "--url", triton.url, "--ray", cluster.address)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: s3://nobodys/text/pages/")
    first, *rest = done.stderr.splitlines()
    assert "cannot be reached (NO_SUCH_BUCKET, The specified bucket does not exist" in first
    assert rest == ["0 files are in s3://nobodys/text: repeat the command to continue."]


def test_a_bucket_that_is_not_there_is_told_in_a_sentence(
    triton: Triton, python: RayPython, store: ObjectStore, tmp_path: Path
) -> None:
    done = python.run(OCR, "archive", store.for_arrow("nobodys/scans"), tmp_path / "out", "--url", triton.url)
    assert (done.returncode, done.stderr) == (1, "Error: s3://nobodys/scans does not exist\n")


def test_no_message_shows_a_key(python: RayPython, tmp_path: Path) -> None:
    address = "s3://key:very-secret@scans/a?endpoint_override=127.0.0.1:9&scheme=http&nonsense=1"
    done = python.run(OCR, "archive", address, tmp_path / "out", "--url", "127.0.0.1:9")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: s3://scans/a?")
    assert "very-secret" not in done.stderr
