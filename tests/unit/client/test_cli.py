"""The `ocr` command: streams, exit codes and messages."""

import importlib.metadata
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ocr_client import OcrClient, Page
from ocr_client.cli import main

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of two images and a file that is none."""
    for name in ("b.jpg", "a.PNG"):
        Image.new("RGB", (64, 48)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def ocr(*arguments: object, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, [str(argument) for argument in arguments])


def test_one_image_gives_confidence_and_text_alone(triton: "FakeTriton", images: Path) -> None:
    triton.answer_page(["Total", "Größe 字"])
    result = ocr("read", images / "b.jpg", "--url", triton.url)
    assert result.stdout == "0.98  Total\n0.98  Größe 字\n"
    assert (result.stderr, result.exit_code) == ("", 0)


def test_a_folder_gives_its_images_by_name(triton: "FakeTriton", images: Path) -> None:
    triton.answer_page(["Total"])
    result = ocr("read", images, "--url", triton.url)
    assert result.stdout == f"==> {images}/a.PNG <==\n0.98  Total\n==> {images}/b.jpg <==\n0.98  Total\n"
    assert result.exit_code == 0


def test_json_is_one_document_a_line(triton: "FakeTriton", images: Path) -> None:
    triton.answer_page(["Größe 字"])
    result = ocr("read", images, "--json", "--url", triton.url)
    documents = [json.loads(document) for document in result.stdout.splitlines()]
    assert [document["source"] for document in documents] == [f"{images}/a.PNG", f"{images}/b.jpg"]
    assert Page.from_dict(documents[0]).text == "Größe 字"
    assert "字" in result.stdout


@pytest.mark.parametrize(
    ("unread", "told"),
    [
        (["low_confidence"], ""),
        (["low_confidence", "unknown_script"], "1 line is in a script that this recognizer does not know"),
        (["unknown_script"] * 3, "3 lines are in a script that this recognizer does not know"),
    ],
)
def test_lines_in_unknown_scripts_are_told_on_stderr_and_every_unread_one_in_json(
    triton: "FakeTriton", images: Path, unread: list[str], told: str
) -> None:
    triton.answer_page(["Total"], unread=unread)
    result = ocr("read", images / "b.jpg", "--json", "--url", triton.url)
    assert result.stderr == (f"{images}/b.jpg: {told}\n" if told else "")
    assert [box["reason"] for box in json.loads(result.stdout)["unread"]] == unread


def test_a_page_without_text_says_so_on_stderr(triton: "FakeTriton", images: Path) -> None:
    triton.answer_page([])
    result = ocr("read", images / "b.jpg", "--url", triton.url)
    assert (result.stdout, result.exit_code) == ("", 0)
    assert result.stderr == f"{images}/b.jpg: no text found\n"


def test_a_failing_image_is_named_and_the_others_are_read(triton: "FakeTriton", images: Path) -> None:
    (images / "a.PNG").write_bytes(b"")
    triton.answer_page(["Total"])
    result = ocr("read", images, "--url", triton.url)
    assert result.stdout == f"==> {images}/b.jpg <==\n0.98  Total\n"
    assert result.stderr.startswith(f"{images}/a.PNG: the image is empty")
    assert result.exit_code == 1


def test_the_servers_refusal_is_reported(triton: "FakeTriton", images: Path) -> None:
    triton.answer_error(400, "in ensemble 'ocr_ensemble', bad_image: the image is truncated")
    result = ocr("read", images / "b.jpg", "--url", triton.url)
    assert result.stderr == f"{images}/b.jpg: the image is truncated\n"
    assert result.exit_code == 1


def test_without_a_server_the_run_ends_at_once_with_one_sentence(nobody: str, images: Path) -> None:
    result = ocr("read", images, "--url", nobody)
    assert result.stderr == (
        f"Error: no OCR server at http://{nobody} (Connection refused): "
        "start one with `make serve`, or point --url or OCR_URL at a running one\n"
    )
    assert (result.stdout, result.exit_code) == ("", 1)


def test_the_environment_names_the_server(triton: "FakeTriton", images: Path) -> None:
    triton.answer_page(["Total"])
    assert ocr("read", images / "b.jpg", OCR_URL=triton.url).exit_code == 0


def test_options_reach_the_server(triton: "FakeTriton", images: Path) -> None:
    triton.answer_page([])
    options = {"quad-threshold": 0.1, "map-threshold": 0.2, "unclip-ratio": 3.0, "min-confidence": 0.4}
    flags = [f"--{name}={value}" for name, value in options.items()]
    ocr("read", images / "b.jpg", "--url", triton.url, *flags)
    sent = triton.asked[0][0]["parameters"]
    assert 59e6 < sent.pop("timeout") <= 60e6  # microseconds of the default
    assert sent == {name.replace("-", "_"): value for name, value in options.items()}


def test_overlays_are_drawn_into_a_new_folder(triton: "FakeTriton", images: Path) -> None:
    triton.answer_page(["Total"])
    result = ocr("read", images, "--overlay", images / "new" / "drawn", "--url", triton.url)
    assert sorted(path.name for path in (images / "new" / "drawn").iterdir()) == ["a.png", "b.png"]
    assert f"{images}/b.jpg: drawn into {images}/new/drawn/b.png" in result.stderr


def test_an_overlay_never_replaces_an_image(triton: "FakeTriton", images: Path) -> None:
    (images / "a.PNG").rename(images / "a.png")
    before = (images / "a.png").read_bytes()
    result = ocr("read", images, "--overlay", images, "--url", triton.url)
    assert (result.exit_code, (images / "a.png").read_bytes()) == (2, before)
    assert "a.png would replace an image that is read" in result.stderr


def test_two_overlays_never_share_a_file(triton: "FakeTriton", images: Path) -> None:
    (images / "b.bmp").write_bytes(b"")
    result = ocr("read", images, "--overlay", images / "drawn", "--url", triton.url)
    assert result.exit_code == 2
    assert "2 images would be drawn into" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["read"],
        ["read", "missing.png"],
        ["read", ".", "--quad-threshold", "1.5"],
        ["read", ".", "--timeout", "0"],
        ["read", ".", "--url", "ftp://host"],
        ["read", ".", "--colour"],
        ["write", "."],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(arguments: list[str], images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(images)
    result = ocr(*arguments)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.startswith("Usage: ")


def test_a_folder_without_images_is_wrong_usage(tmp_path: Path) -> None:
    result = ocr("read", tmp_path)
    assert result.exit_code == 2
    assert f"no images in {tmp_path} (looked for .avif, " in result.stderr


def test_the_version_is_the_distributions() -> None:
    assert ocr("--version").stdout == f"ocr, version {importlib.metadata.version('ocr-triton-client')}\n"


def test_the_help_shows_examples() -> None:
    assert "  ocr read photo.jpg --overlay drawn " in ocr("read", "--help").stdout


def test_a_closed_pipe_ends_the_command_quietly(triton: "FakeTriton", images: Path) -> None:
    triton.answer_page(["Total"] * 10_000)
    program = "from ocr_client.cli import main; main()"
    command = [sys.executable, "-c", program, "read", str(images), "--url", triton.url]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe) as process:  # noqa: S603  our own command
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == f"==> {images}/a.PNG <==\n".encode()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_demo_serves_the_page_with_a_client_for_the_server(
    triton: "FakeTriton", monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[tuple[str, str, int, bool]] = []

    def serve(client_factory: Callable[[], OcrClient], host: str, port: int, open_browser: bool) -> None:
        with client_factory() as client:
            served.append((client.read(b"image").text, host, port, open_browser))

    monkeypatch.setattr("ocr_client.demo.serve", serve)
    triton.answer_page(["Total"])
    assert ocr("demo", "--port", 9000, "--no-browser", OCR_URL=triton.url).exit_code == 0
    assert served == [("Total", "127.0.0.1", 9000, False)]


def test_demo_on_a_port_that_is_taken_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = ocr("demo", "--port", taken.getsockname()[1], "--no-browser")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: cannot listen on 127.0.0.1:")
