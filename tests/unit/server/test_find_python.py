"""Which Python `make` takes: among interpreters that are made up, and from a mirror on disk where none of them fits."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.project import ROOT

# What the scripts call, beside the interpreters.
TOOLS = ("bash", "dirname", "sort", "tail")
FITS = 'case $* in *server.requirements) echo "$0";; esac'
TOO_NEW = "case $* in *server.requirements) echo 'needs Python 3.10, 3.11 or 3.12' >&2; exit 1;; -m*) exit 1;; esac"
OLD_MACHINE = "case $* in *server.requirements) echo 'needs glibc 2.35' >&2; exit 3;; esac"
NOT_PYTHON = "exit 1"
# uv patches this file, and wants one.
SYSCONFIG = "# system configuration generated and used by the sysconfig module\nbuild_time_vars = {}\n"
# As uv knows them, from which a mirror takes its layout.
RELEASES = "https://github.com/astral-sh/python-build-standalone/releases/download"
ARCHIVE = "20250212/cpython-3.12.9+20250212-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz"


class Machine:
    """A machine with nothing on its PATH but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.environment: dict[str, str] = {}
        for tool in TOOLS:
            self.link(tool, shutil.which(tool) or "")

    def link(self, name: str, target: str) -> None:
        """Put a program there."""
        (self.bin / name).symlink_to(target)

    def add(self, name: str, script: str) -> None:
        """Put an interpreter there, which answers as the script does."""
        (self.bin / name).write_text(f"#!{self.bin}/bash\n{script}\n")
        (self.bin / name).chmod(0o755)

    def find(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Ask for a Python."""
        own = {"PATH": str(self.bin), "HOME": str(self.folder), "OCR_TRITON_CACHE": str(self.folder / "cache")}
        return subprocess.run(  # noqa: S603 - our own script
            [self.bin / "bash", ROOT / "server" / "find_python.sh"],
            env={**own, **self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def mirrored(machine: Machine) -> Machine:
    """The same with uv, and a mirror that has one Python, which is a script."""
    archive = machine.folder / "mirror" / ARCHIVE
    archive.parent.mkdir(parents=True)
    files = {"bin/python3.12": f"#!{machine.bin}/bash\n{FITS}\n", "lib/python3.12/_sysconfigdata_.py": SYSCONFIG}
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"python/{name}")
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content.encode()))
    known = {
        "name": "cpython",
        "arch": {"family": "x86_64", "variant": None},
        "os": "linux",
        "libc": "gnu",
        "major": 3,
        "minor": 12,
        "patch": 9,
        "prerelease": "",
        "url": f"{RELEASES}/{ARCHIVE.replace('+', '%2B')}",
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": "20250212",
    }
    (machine.folder / "known.json").write_text(json.dumps({"cpython-3.12.9-linux-x86_64-gnu": known}))
    machine.link("uv", str(Path(sys.executable).with_name("uv")))
    machine.environment = {
        "UV_PYTHON_DOWNLOADS_JSON_URL": str(machine.folder / "known.json"),
        "UV_PYTHON_INSTALL_MIRROR": (machine.folder / "mirror").as_uri(),
    }
    return machine


def test_the_first_that_fits_is_taken(machine: Machine) -> None:
    machine.add("python3", TOO_NEW)
    machine.add("python3.12", NOT_PYTHON)
    machine.add("python3.11", FITS)
    machine.add("python3.10", FITS)
    found = machine.find()
    assert (found.returncode, found.stdout, found.stderr) == (0, f"{machine.bin}/python3.11\n", "")


def test_where_none_fits_uv_fetches_one_from_a_mirror_and_it_is_said(mirrored: Machine) -> None:
    mirrored.add("python3", TOO_NEW)
    found = mirrored.find()
    fetched = mirrored.folder / "cache" / "python" / "cpython-3.12.9-linux-x86_64-gnu" / "bin" / "python3.12"
    assert found.stdout == f"{fetched}\n", found.stderr
    assert "python3: needs Python 3.10, 3.11 or 3.12" in found.stderr
    assert f"Fetching Python 3.12 with uv into {mirrored.folder}/cache/python" in found.stderr
    shutil.rmtree(mirrored.folder / "mirror")
    assert mirrored.find().stdout == found.stdout, "a second time, nothing is fetched"


def test_a_mirror_that_has_none_leaves_a_sentence_that_helps(mirrored: Machine) -> None:
    mirrored.add("python3", TOO_NEW)
    shutil.rmtree(mirrored.folder / "mirror")
    found = mirrored.find()
    assert (found.returncode, found.stdout) == (1, "")
    assert "name a mirror in UV_PYTHON_INSTALL_MIRROR" in found.stderr
    assert "make PYTHON=/path/to/python3.12 demo" in found.stderr.splitlines()[-1]


def test_an_archive_that_is_not_the_one_that_uv_knows_is_refused(mirrored: Machine) -> None:
    mirrored.add("python3", TOO_NEW)
    archive = mirrored.folder / "mirror" / ARCHIVE
    archive.write_bytes(archive.read_bytes() + b"\0")
    found = mirrored.find()
    assert (found.returncode, found.stdout) == (1, "")
    assert "ash mismatch" in found.stderr


def test_without_uv_pip_installs_its_wheel_by_its_hash(machine: Machine) -> None:
    machine.add("python3", f"echo $* >> {machine.folder}/asked; {TOO_NEW.replace('-m*)', '*venv*)')}")
    assert machine.find().returncode == 1, "this pip installs nothing"
    asked = (machine.folder / "asked").read_text().splitlines()
    assert asked[-1].endswith(f"--require-hashes -r requirements/uv.txt --target {machine.folder}/cache/uv")


def test_without_uv_and_pip_the_packages_are_named(machine: Machine) -> None:
    machine.add("python3", TOO_NEW)
    found = machine.find()
    assert found.returncode == 1
    assert "uv is missing" in found.stderr
    assert "python3-venv" in found.stderr


def test_a_python_that_was_named_is_not_replaced_by_another(mirrored: Machine) -> None:
    mirrored.add("mine", TOO_NEW)
    mirrored.add("python3", FITS)
    mirrored.add("older", NOT_PYTHON)
    found = mirrored.find(PYTHON="mine older missing")
    assert (found.returncode, found.stdout) == (1, "")
    for told in ("mine: needs Python", "older: older than Python 3.10, or does not start", "missing: not on PATH"):
        assert told in found.stderr
    assert "Fetching" not in found.stderr


def test_a_machine_on_which_no_python_would_do_is_told_so_once(mirrored: Machine) -> None:
    mirrored.add("python3", OLD_MACHINE)
    mirrored.add("python3.12", OLD_MACHINE)
    found = mirrored.find()
    assert (found.returncode, found.stdout, found.stderr) == (1, "", "needs glibc 2.35\n")
