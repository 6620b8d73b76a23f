"""How a run of `ocr read` that has ended early goes on."""

import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.server.processes import wait_until
from tests.unit.client.command import OCR, add, files, ocr

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton

pytestmark = pytest.mark.usefixtures("scans")
INTERRUPTIONS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])


def test_skip_existing_skips_what_has_a_result(triton: "FakeTriton") -> None:
    add("out/a.txt", content="from before")
    assert ocr("scans", "--output", "out", "--skip-existing").exit_code == 0
    assert files("out") == {"a.txt": "from before", "b.txt": "b\n"}
    assert len(triton.asked) == 1


def test_a_run_without_anything_to_do_says_so(triton: "FakeTriton") -> None:
    add("out/a.txt", "out/b.txt")
    done = ocr("scans", "--output", "out", "--skip-existing")
    assert (done.exit_code, done.stderr) == (0, "nothing to do: all 2 files are in out\n")
    assert triton.asked == []


@pytest.mark.parametrize(
    ("arguments", "done", "told"),
    [
        (
            ["-o", "out"],
            {"a.txt": "a\n", "b.txt": "b\n"},
            " and in out: repeat the command with --skip-existing to continue",
        ),
        (["-o", "out/all.txt"], {}, ", but out/all.txt is not written. With a folder as --output, --skip-existing can"),
        ([], {}, ". With a folder as --output, --skip-existing can continue a run."),
    ],
    ids=["folder", "file", "stdout"],
)
def test_a_server_that_stops_is_reported_with_what_is_done_and_how_to_continue(
    triton: "FakeTriton", arguments: list[str], done: dict[str, str], told: str
) -> None:
    add("scans/c.png", content="last words")
    add("scans/d.png", "scans/e.png")
    stopped = ocr("scans", "--concurrency", "1", *arguments)
    assert stopped.exit_code == 1
    assert stopped.stderr.startswith(f"Error: no OCR server at http://{triton.url} (")
    assert f"\n2 of 5 files are done{told}" in stopped.stderr
    assert files("out") == done


def test_a_run_that_stops_again_counts_what_was_there() -> None:
    add("out/a.txt")
    add("scans/aa.png", content="bad image")
    add("scans/c.png", content="last words")
    stopped = ocr("scans", "--concurrency", "1", "-o", "out", "--skip-existing")
    assert "3 of 4 files are done (except for the failures above) and in out: repeat" in stopped.stderr


def test_a_server_that_is_back_gets_the_rest(triton: "FakeTriton") -> None:
    add("scans/c.png", content="last words")
    ocr("scans", "--concurrency", "1", "-o", "out")
    add("scans/c.png")
    triton.echoing = True
    triton.asked.clear()
    assert ocr("scans", "-o", "out", "--skip-existing").exit_code == 0
    assert files("out") == {"a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n"}
    assert len(triton.asked) == 1


def interrupted(number: signal.Signals, output: str, *, at: str) -> tuple[int, str]:
    """Interrupt a run as soon as a file is there: its exit status and what it says."""
    command = [*OCR, "read", "scans", "-o", output]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603  our own
        wait_until(Path(at).exists)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=10)
    return process.returncode, stderr


@INTERRUPTIONS
def test_an_interruption_leaves_complete_files_only(triton: "FakeTriton", number: signal.Signals) -> None:
    add("scans/c.png", content="slow one")
    status, stderr = interrupted(number, "out", at="out/b.txt")
    assert status == 128 + number
    assert stderr == (
        "Interrupted.\n"
        "2 of 3 files are done and in out: repeat the command with --skip-existing to continue from there.\n"
    )
    assert files("out") == {"a.txt": "a\n", "b.txt": "b\n"}
    assert not triton.released.is_set()


@INTERRUPTIONS
def test_an_interruption_leaves_nothing_of_a_file_that_is_being_written(number: signal.Signals) -> None:
    add("scans/c.png", content="slow one")
    status, _ = interrupted(number, "out/all.txt", at="out/all.txt.part")
    assert (status, files("out")) == (128 + number, {})
