"""What the arguments of `ocr read` name."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import click
import pytest

from ocr_client.cli.inputs import expand


@pytest.fixture(autouse=True)
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with images, a document, a text and a folder of one more image, in which the test stands."""
    (tmp_path / "scans" / "old.png").mkdir(parents=True)
    for name in ("b.jpg", "a.PNG", "c.pdf", "notes.txt", "old.png/d.tif"):
        (tmp_path / "scans" / name).write_bytes(name.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*arguments: str, recursive: bool = False) -> list[str]:
    return [each.name for each in expand(arguments, recursive=recursive)]


def places(*arguments: str, recursive: bool = False) -> list[str]:
    return [str(each.relative) for each in expand(arguments, recursive=recursive)]


def test_a_folder_gives_what_can_be_read_in_it_by_name() -> None:
    assert names("scans") == ["scans/a.PNG", "scans/b.jpg", "scans/c.pdf"]


def test_recursion_gives_what_is_in_its_folders_too() -> None:
    assert names("scans/", recursive=True) == ["scans/a.PNG", "scans/b.jpg", "scans/c.pdf", "scans/old.png/d.tif"]


def test_files_that_a_folder_run_leaves_out_are_counted_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("plan.dwg", "old.png/e.docx", ".hidden", "c.hocr", "x.HEIC"):
        Path("scans", name).write_bytes(b"")
    assert "scans/x.HEIC" in names("scans")
    told = "by the suffix no images that can be read"
    assert capsys.readouterr().err == f"scans: 1 file is left out, {told}: plan.dwg\n"
    names("scans", recursive=True)
    assert capsys.readouterr().err == f"scans: 2 files are left out, {told}: old.png/e.docx, plan.dwg\n"
    for number in range(20):
        Path(f"scans/{number:02}.psd").write_bytes(b"")
    names("scans")
    assert capsys.readouterr().err.endswith("07.psd, 08.psd, 09.psd and 11 more\n")


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("scans/?.jpg", ["scans/b.jpg"]),
        ("scans/**/*.tif", ["scans/old.png/d.tif"]),
        ("scans/[ab].*", ["scans/a.PNG", "scans/b.jpg"]),
        ("s*/*.txt", ["scans/notes.txt"]),
    ],
)
def test_a_pattern_gives_the_files_that_match(pattern: str, matches: list[str]) -> None:
    assert names(pattern) == matches


def test_a_file_may_have_the_letters_of_a_pattern() -> None:
    Path("[1].png").write_bytes(b"image")
    assert names("[1].png") == ["[1].png"]


def test_arguments_keep_their_order_and_no_file_comes_twice() -> None:
    assert names("scans/b.jpg", "scans", "scans/*.jpg") == ["scans/b.jpg", "scans/a.PNG", "scans/c.pdf"]


def test_results_go_where_the_file_is_in_its_folder() -> None:
    assert places("scans", recursive=True)[-1] == "old.png/d.tif"
    assert places("scans/**/*.tif") == ["old.png/d.tif"]
    assert places("scans/old.png/d.tif", "-", "https://example.com/deep/sign.jpg?size=2") == [
        "d.tif",
        "stdin",
        "sign.jpg",
    ]
    assert places("https://example.com/") == ["example.com"]


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("missing.png", "missing.png does not exist"),
        ("*.gif", r"no file matches \*.gif"),
        ("empty", r"no images in empty \(looked for .avif, .*; --recursive looks into its folders, too\)"),
    ],
)
def test_nothing_there_is_wrong_usage(argument: str, told: str) -> None:
    Path("empty").mkdir()
    with pytest.raises(click.UsageError, match=told):
        expand([argument], recursive=False)


def test_a_file_is_loaded_from_its_place_and_not_before() -> None:
    (found,) = expand(["scans/b.jpg"], recursive=False)
    assert found.fetch() == Path("scans/b.jpg")


@pytest.fixture
def website() -> Iterator[str]:
    """One that has /sign.jpg, and sends those who ask for /moved there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = {"/sign.jpg": (200, b"image"), "/moved": (302, b"")}
            status, body = known.get(self.path, (404, b"nothing"))
            self.send_response(status)
            self.send_header("Location", "/sign.jpg")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("page", ["sign.jpg", "moved"])
def test_a_url_is_downloaded(website: str, page: str) -> None:
    (found,) = expand([f"{website}/{page}"], recursive=False)
    assert (found.name, found.fetch()) == (f"{website}/{page}", b"image")


def test_a_url_that_is_not_there_says_so(website: str) -> None:
    (found,) = expand([f"{website}/missing"], recursive=False)
    with pytest.raises(OSError, match="answers with HTTP 404 Not Found"):
        found.fetch()


def test_a_url_without_a_server_says_so(nobody: str) -> None:
    (found,) = expand([f"http://{nobody}/sign.jpg"], recursive=False)
    with pytest.raises(OSError, match=r"^cannot be downloaded: Connection refused$"):
        found.fetch()
