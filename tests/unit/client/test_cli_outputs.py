"""Where `ocr read` puts results, and how an interrupted run goes on."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO

import click
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ocr_client import Line, Page
from ocr_client.cli import main
from ocr_client.cli.delivery import Delivery
from ocr_client.cli.inputs import Input, expand
from ocr_client.cli.outcomes import Outcome
from ocr_client.cli.outputs import complete_file
from ocr_client.cli.plan import make_plan
from ocr_client.cli.report import Report
from ocr_client.documents import ReadPage
from ocr_client.formats import WRITERS, Writer
from tests.server.processes import wait_until

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton

OCR = (sys.executable, "-c", "from ocr_client.cli import main; main()")


@pytest.fixture(autouse=True)
def scans(triton: "FakeTriton", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with images that say their names, in which the test stands; the server reads them."""
    triton.echoing = True
    monkeypatch.setenv("OCR_URL", triton.url)
    monkeypatch.chdir(tmp_path)
    add("scans/a.png", "scans/b.png", "scans/deep/c.png")
    return tmp_path / "scans"


def add(*files: str, content: str = "") -> None:
    for name in files:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes((content or Path(name).stem).encode())


def ocr(*arguments: str, content: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["read", *arguments], input=content)


def files(folder: str) -> dict[str, str]:
    """What is in a folder and its folders."""
    paths = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


@pytest.mark.parametrize("name", [name for name, writer in WRITERS.items() if not writer.binary])
def test_a_format_on_stdout_is_what_its_writer_writes(name: str) -> None:
    quad = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    page = Page(width=64, height=48, lines=(Line(text="a", confidence=0.98, quad=quad, score=0.75),))
    expected = BytesIO()
    WRITERS[name].write([ReadPage(source="scans/a.png", number=1, page=page, image=None, dpi=300)], expected)
    assert ocr("scans/a.png", "--format", name, "--dpi", "300").stdout_bytes == expected.getvalue()


@pytest.mark.parametrize(
    ("file", "begins"), [("out.jsonl", '{"source": "scans/a.png"'), ("out.TXT", "a\n\fb\n"), ("out.log", "a\n\fb\n")]
)
def test_one_file_gets_everything_in_the_format_of_its_suffix(file: str, begins: str) -> None:
    done = ocr("scans", "--output", file)
    assert (done.exit_code, done.stdout) == (0, "")
    assert Path(file).read_text().startswith(begins)


def test_a_format_goes_before_the_suffix() -> None:
    ocr("scans/a.png", "-f", "json", "-o", "out.txt")
    assert json.loads(Path("out.txt").read_text())[0]["source"] == "scans/a.png"


def test_a_folder_gets_a_file_for_each_input_where_the_input_is() -> None:
    done = ocr("scans", "-r", "--output", "out")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert files("out") == {"a.txt": "a\n", "b.txt": "b\n", "deep/c.txt": "c\n"}


@pytest.mark.parametrize("output", ["out.d/", "there.d"])
def test_a_slash_or_a_folder_that_is_there_is_a_folder(output: str) -> None:
    Path("there.d").mkdir()
    ocr("scans", "--output", output, "--format", "tsv")
    assert [*files(output)] == ["a.tsv", "b.tsv"]


def test_standard_input_is_an_image_too() -> None:
    assert ocr("-", content=b"total").stdout == "0.98  total\n"
    assert ocr("-", "-o", "out", content=b"total").exit_code == 0
    assert files("out") == {"stdin.txt": "total\n"}


def test_a_document_is_read_page_by_page(triton: "FakeTriton") -> None:
    triton.echoing = False
    triton.answer_page(["Total"])
    pages = [Image.new("RGB", (64, 48), colour) for colour in ("white", "grey", "black")]
    pages[0].save("scan.tif", save_all=True, append_images=pages[1:])
    assert ocr("scan.tif").stdout == (
        "0.98  Total\n==> scan.tif, page 2 <==\n0.98  Total\n==> scan.tif, page 3 <==\n0.98  Total\n"
    )
    done = ocr("scan.tif", "-o", "out", "-f", "jsonl", "--overlay", "drawn")
    assert [json.loads(line)["number"] for line in Path("out/scan.jsonl").read_text().splitlines()] == [1, 2, 3]
    assert sorted(path.name for path in Path("drawn").iterdir()) == [f"scan.page{number}.png" for number in (1, 2, 3)]
    assert "scan.tif, page 2: drawn into drawn/scan.page2.png" in done.stderr


def test_a_searchable_pdf_has_its_image_in_it(triton: "FakeTriton") -> None:
    triton.echoing = False
    triton.answer_page(["Total"])
    Image.new("RGB", (64, 48)).save("scan.png")
    assert ocr("scan.png", "--output", "scan.pdf").exit_code == 0
    content = Path("scan.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/Image" in content


def test_what_is_there_is_not_read_again(triton: "FakeTriton") -> None:
    add("out/a.txt", content="from before")
    assert ocr("scans", "--output", "out", "--skip-existing").exit_code == 0
    assert files("out") == {"a.txt": "from before", "b.txt": "b\n"}
    assert len(triton.asked) == 1


def test_a_run_without_anything_to_do_says_so(triton: "FakeTriton") -> None:
    add("out/a.txt", "out/b.txt")
    done = ocr("scans", "--output", "out", "--skip-existing")
    assert (done.exit_code, done.stderr) == (0, "nothing to do: all 2 files are in out\n")
    assert triton.asked == []


def test_a_file_that_fails_is_named_and_not_written_and_the_others_are() -> None:
    add("scans/aa.png", content="bad image")
    done = ocr("scans", "--output", "out")
    assert (done.exit_code, done.stderr) == (1, "scans/aa.png: these 9 bytes are no image\n")
    assert files("out") == {"a.txt": "a\n", "b.txt": "b\n"}


def test_a_file_that_fails_leaves_the_result_from_before() -> None:
    add("scans/aa.png", content="bad image")
    add("out/aa.txt", content="from before")
    ocr("scans", "--output", "out")
    assert files("out")["aa.txt"] == "from before"


@pytest.mark.parametrize(
    ("arguments", "done", "told"),
    [
        (
            ["-o", "out"],
            {"a.txt": "a\n", "b.txt": "b\n"},
            " and in out: repeat the command with --skip-existing to go on",
        ),
        (["-o", "out/all.txt"], {}, ", but out/all.txt is not written. With a folder as --output, --skip-existing can"),
        ([], {}, ". With a folder as --output, --skip-existing can go on."),
    ],
    ids=["folder", "file", "stdout"],
)
def test_a_server_that_stops_is_told_with_what_is_done_and_how_to_go_on(
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
    assert "3 of 4 files are done (but for the failures above) and in out: repeat" in stopped.stderr


def test_a_server_that_is_back_gets_the_rest(triton: "FakeTriton") -> None:
    add("scans/c.png", content="last words")
    ocr("scans", "--concurrency", "1", "-o", "out")
    add("scans/c.png")
    triton.echoing = True
    triton.asked.clear()
    assert ocr("scans", "-o", "out", "--skip-existing").exit_code == 0
    assert files("out") == {"a.txt": "a\n", "b.txt": "b\n", "c.txt": "c\n"}
    assert len(triton.asked) == 1


INTERRUPTIONS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])


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
        "Interrupted.\n2 of 3 files are done and in out: repeat the command with --skip-existing to go on from there.\n"
    )
    assert files("out") == {"a.txt": "a\n", "b.txt": "b\n"}
    assert not triton.released.is_set()


@INTERRUPTIONS
def test_an_interruption_leaves_nothing_of_a_file_that_is_being_written(number: signal.Signals) -> None:
    add("scans/c.png", content="slow one")
    status, _ = interrupted(number, "out/all.txt", at="out/all.txt.part")
    assert (status, files("out")) == (128 + number, {})


def test_a_pipe_gets_each_page_as_soon_as_it_is_read(triton: "FakeTriton") -> None:
    add("scans/c.png", content="slow one")
    with subprocess.Popen([*OCR, "read", "scans", "--json"], stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        assert [json.loads(process.stdout.readline())["source"] for _ in range(2)] == ["scans/a.png", "scans/b.png"]
        triton.released.set()
        assert json.loads(process.stdout.read())["source"] == "scans/c.png"


def in_terminal(*arguments: str) -> tuple[str, str]:
    """What `ocr read` writes to stdout, a pipe, and to stderr, a terminal."""
    ours, theirs = pty.openpty()
    done = subprocess.run([*OCR, "read", *arguments], stdout=subprocess.PIPE, stderr=theirs, check=False)  # noqa: S603 - our own
    os.close(theirs)
    stderr = os.read(ours, 100_000).decode()
    os.close(ours)
    return done.stdout.decode(), stderr


def test_a_terminal_gets_a_bar_with_rate_and_the_results_stay_clean() -> None:
    add("scans/aa.png", content="bad image")
    stdout, bar = in_terminal("scans")
    assert stdout == "==> scans/a.png <==\n0.98  a\n==> scans/b.png <==\n0.98  b\n"
    assert "Reading  [" in bar
    assert re.search(r"3/3  [\d.]+/s", bar)
    assert "\r\x1b[Kscans/aa.png: these 9 bytes are no image\r\n" in bar


def test_the_bar_counts_the_pages_of_documents(triton: "FakeTriton") -> None:
    triton.echoing = False
    triton.answer_page([])
    first, *others = (Image.new("RGB", (64, 48)) for _ in range(5))
    first.save("scan.tif", save_all=True, append_images=others)
    assert "5/5" in in_terminal("scan.tif")[1]


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    target = tmp_path / "new" / "out.txt"

    def write_half() -> None:
        with complete_file(target) as stream:
            stream.write(b"half")
            assert not target.exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert list(target.parent.iterdir()) == []
    with complete_file(target) as stream:
        stream.write(b"whole")
    assert files(str(target.parent)) == {"out.txt": "whole"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--json", "--format", "tsv"], "--json is --format jsonl"),
        (["--skip-existing"], "--skip-existing needs --output with a folder"),
        (["--skip-existing", "-o", "out.txt"], "--skip-existing needs --output with a folder"),
        (["-o", "scans/a.png"], "scans/a.png would replace an image that is read"),
        (["--header", "no colon"], "'no colon' is not 'NAME: VALUE'"),
        (["--cert-file", "scans/a.png"], "needs both cert_file and key_file"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_wrong_usage(arguments: list[str], told: str) -> None:
    done = ocr("scans", *arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_two_results_never_share_a_file() -> None:
    add("scans/a.jpg")
    done = ocr("scans", "-o", "out")
    assert done.exit_code == 2
    assert "2 images would be written into out/a.txt: read them one by one" in done.stderr


def test_a_terminal_gets_no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    inputs = expand(["scans"], recursive=False)
    with pytest.raises(click.UsageError, match="pdf is nothing for a terminal"):
        make_plan(inputs, "pdf", None, None, skip_existing=False)


def test_headers_and_certificates_reach_the_client(triton: "FakeTriton") -> None:
    ocr("scans/a.png", "--header", "Authorization: Bearer 7", "--header", "X-Scanner:3")
    assert (triton.headers[0]["authorization"], triton.headers[0]["x-scanner"]) == ("Bearer 7", "3")
    done = ocr("scans/a.png", "--url", f"https://{triton.url}", "--ca-file", "none.pem")
    assert done.stderr == "Error: the certificate file none.pem is missing\n"


def test_an_image_that_does_not_fit_into_the_format_is_one_failure(triton: "FakeTriton") -> None:
    triton.echoing = False
    triton.answer_page(["Total"])
    Image.new("RGB", (64, 48)).save("scans/b.png")
    done = ocr("scans", "--format", "pdf", "--output", "out")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("scans/a.png: cannot identify image file")
    assert [path.name for path in Path("out").iterdir()] == ["b.pdf"]


def test_the_rest_of_a_file_that_fails_is_not_taken_for_the_next_file() -> None:
    one, two = (Input(name, PurePath(name), bytes) for name in ("one", "two"))
    quad = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))

    def outcome(source: Input, number: int, count: int) -> Outcome:
        line = Line(text=f"{source.name} {number}", confidence=1, quad=quad, score=1)
        page = Page(width=1, height=1, lines=(line,))
        result = ReadPage(source=source.name, number=number, page=page, image=None, dpi=200)
        return Outcome(source=source, number=number, count=count, result=result)

    def write(results: Iterable[ReadPage], stream: BinaryIO) -> None:
        for result in results:
            if result.page.text == "one 2":
                raise ValueError("page 2 does not fit")
            stream.write(result.page.text.encode())

    outcomes = iter([*(outcome(one, number, 4) for number in (1, 2, 3, 4)), outcome(two, 1, 1)])
    writer = Writer(".txt", binary=False, needs_image=False, write=write)
    with Report(2, progress=False) as report:
        Delivery(report, {}).to_folder(outcomes, writer, {one: Path("out/one.txt"), two: Path("out/two.txt")})
    assert files("out") == {"two.txt": "two 1"}
    assert (report.failed, report.finished) == (1, 2)


def test_results_that_cannot_be_written_are_told() -> None:
    add("out", content="a file where a folder should be")
    done = ocr("scans", "-o", "out/")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: the results cannot be written: ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_gets_a_script_to_complete_with(shell: str) -> None:
    environment = {"_OCR_COMPLETE": f"{shell}_source"}
    assert "_OCR_COMPLETE" in CliRunner(env=environment).invoke(main, prog_name="ocr").stdout


def test_the_shell_completes_commands_options_and_formats() -> None:
    for words, completions in (
        ("ocr st", ["status"]),
        ("ocr read --ov", ["--overlay"]),
        ("ocr read -f js", ["json", "jsonl"]),
    ):
        environment = {
            "_OCR_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        done = CliRunner(env=environment).invoke(main, prog_name="ocr")
        assert done.stdout.split() == [f"plain,{completion}" for completion in completions]
