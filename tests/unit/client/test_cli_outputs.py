"""Where `ocr read` puts results."""

import json
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO

import pytest
from PIL import Image

from ocr_client import Line, Page, Word
from ocr_client.cli.delivery import Delivery
from ocr_client.cli.inputs import Input
from ocr_client.cli.outcomes import Outcome
from ocr_client.cli.outputs import complete_file
from ocr_client.cli.progress import Progress
from ocr_client.documents import ReadPage
from ocr_client.formats import WRITERS, Writer
from tests.unit.client.command import add, files, ocr
from tests.unit.client.test_pdf_layers import letters, pdf_of, saved, texts

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton

pytestmark = pytest.mark.usefixtures("scans")


@pytest.mark.parametrize("name", [name for name, writer in WRITERS.items() if not writer.binary])
def test_a_format_on_stdout_is_what_its_writer_writes(name: str) -> None:
    quad = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    words = (Word(text="a", confidence=0.98, quad=quad),) if WRITERS[name].needs_words else None
    page = Page(width=64, height=48, lines=(Line(text="a", confidence=0.98, quad=quad, score=0.75, words=words),))
    expected = BytesIO()
    WRITERS[name].write([ReadPage(source="scans/a.png", number=1, page=page, image=None, dpi=300)], expected)
    assert ocr("scans/a.png", "--format", name, "--dpi", "300").stdout_bytes == expected.getvalue()


@pytest.mark.parametrize(("file", "begins"), [("out.jsonl", '{"source": "scans/a.png"'), ("out.TXT", "a\n\fb\n")])
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


def test_a_pdf_keeps_its_pages_and_it_is_said_which_have_text_already(triton: "FakeTriton") -> None:
    triton.echoing = False
    triton.answer_page(["Total"])
    text = letters("born digital")
    for name, contents in {"scan": [b"", b""], "mixed": [text, b"", text], "born": [text]}.items():
        Path(f"{name}.pdf").write_bytes(saved(pdf_of(*contents)))
    done = ocr("scan.pdf", "mixed.pdf", "born.pdf", "-f", "pdf", "-o", "out")
    assert (done.exit_code, done.stderr.splitlines()) == (
        0,
        [
            "mixed.pdf: 2 of 3 pages have text already and stay as before; --force reads them, too",
            "born.pdf: the page has text already and stays as before; --force reads it, too",
        ],
    )
    assert texts(Path("out/mixed.pdf").read_bytes()) == ["born digital", "Total", "born digital"]
    assert len(triton.asked) == 3
    done = ocr("mixed.pdf", "-f", "pdf", "--force")
    assert done.stderr == ""
    assert all("Total" in text for text in texts(done.stdout_bytes))


def test_a_suffix_that_is_no_formats_is_refused_with_those_that_are() -> None:
    done = ocr("scans", "-o", "out.docx")
    assert done.exit_code == 2
    assert "Error: out.docx: cannot write .docx; known are .txt (text), .md (markdown), .json (json)," in done.stderr
    assert ocr("scans/a.png", "-o", "out.docx", "-f", "text").exit_code == 0
    assert Path("out.docx").read_text() == "a\n"


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
        (["--force", "-o", "out.txt"], "--force adds text to PDFs that have some: it needs --format pdf"),
        (["--orientation", "90", "--orientation", "0"], "'--orientation': it is given as 90 and as 0; give it once"),
        (["--min-confidence", "0.5", "--min-confidence", "1"], "it is given as 0.5 and as 1.0; give it once"),
        (["--format", "text", "-f", "json"], "it is given as text and as json; give it once"),
        (["-o", "out.pdf", "--format", "json"], "out.pdf: its suffix says pdf and --format says json"),
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
        return Outcome(file=source, number=number, count=count, result=result)

    def write(results: Iterable[ReadPage], stream: BinaryIO) -> None:
        for result in results:
            if result.page.text == "one 2":
                raise ValueError("page 2 does not fit")
            stream.write(result.page.text.encode())

    outcomes = iter([*(outcome(one, number, 4) for number in (1, 2, 3, 4)), outcome(two, 1, 1)])
    writer = Writer(".txt", binary=False, needs_image=False, write=write)
    with Progress(2, bar=False) as progress:
        Delivery(progress, {}).to_folder(outcomes, writer, {one: Path("out/one.txt"), two: Path("out/two.txt")})
    assert files("out") == {"two.txt": "two 1"}
    assert (progress.failed, progress.finished) == (1, 2)


def test_results_that_cannot_be_written_are_reported() -> None:
    add("out", content="a file where a folder should be")
    done = ocr("scans", "-o", "out/")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: the results cannot be written: ")
