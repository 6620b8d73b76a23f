"""The examples that need packages of others: FastAPI, Jupyter, gRPC for Node and for Java.

Each is in an environment that is made on first use: `pytest -m frameworks`.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from downloads import Environment, cache_directory
from tests.project import ROOT, SAMPLES
from tests.triton import Triton

pytestmark = pytest.mark.frameworks

PYTHON = Environment(
    "examples",
    (
        *("fastapi==0.163.2", "python-multipart==0.0.34", "uvicorn==0.54.0"),
        *("ipykernel==7.4.0", "nbclient==0.11.0", "nbformat==5.11.1", "openapi-spec-validator==0.9.0"),
        *("aiohttp==3.14.5", "click==8.5.1", "numpy==1.26.4", "pillow==12.3.0", "tritonclient[http]==2.73.0"),
    ),
)
EXAMPLES = ROOT / "examples"
GUIDE = (ROOT / "docs" / "integrate.md").read_text(encoding="utf-8")
LINES = (SAMPLES / "label.txt").read_text(encoding="utf-8").splitlines()
# The test runs where the toolchain is.
NEEDED = {"node": ("node", "npm"), "java": ("java", "javac", "protoc", "grpc_java_plugin")}
WAYS = [name for name, programs in NEEDED.items() if all(map(shutil.which, programs))]
RUN_NOTEBOOK = """
import json, sys
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
nbformat.validate(notebook)
NotebookClient(notebook, timeout=300).execute()
json.dump([cell.get("outputs", []) for cell in notebook.cells], sys.stdout)
"""


def environment(triton: Triton) -> dict[str, str]:
    """Where the server is, and the client."""
    return {**os.environ, "OCR_URL": triton.url, "PYTHONPATH": str(ROOT / "client")}


def python() -> Path:
    """The Python of the environment, for commands that need the client, too."""
    return Path(PYTHON.command()[0])


def run(
    command: list[str | Path], folder: Path = ROOT, env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )


@contextmanager
def serving(triton: Triton) -> Iterator[str]:
    """The web service, on a port that is free; its address."""
    command: list[str | Path] = [python(), "-m", "uvicorn", "--app-dir", EXAMPLES, "--port", "0", "web:app"]
    process = subprocess.Popen(command, env=environment(triton), stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    try:
        assert process.stderr
        told = iter(process.stderr.readline, "")
        address = next((found[0] for line in told if (found := re.search(r"http://[\d.:]+", line))), None)
        assert address, "uvicorn ended before it listened"
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_the_route_answers_with_the_text_and_tells_whose_fault_it_is(triton: Triton) -> None:
    with serving(triton) as address:
        for name, status in (("label.png", 200), ("label.txt", 400)):
            form = ["--form", f"image=@{SAMPLES / name}", "--write-out", "\n%{http_code}"]
            told, _, code = run(["curl", "--silent", *form, f"{address}/text"]).stdout.rpartition("\n")
            assert int(code) == status
            if status == 200:
                assert [line["text"] for line in json.loads(told)["lines"]] == LINES
            else:
                assert "no image that can be read" in json.loads(told)["detail"]


def test_the_notebook_runs_and_shows_what_it_says(triton: Triton) -> None:
    notebook = EXAMPLES / "pages.ipynb"
    done = run([python(), "-c", RUN_NOTEBOOK, notebook], env=environment(triton))
    assert done.returncode == 0, done.stderr[-2000:]
    outputs = [output for cell in json.loads(done.stdout) for output in cell]
    printed = "".join(output["text"] for output in outputs if output["output_type"] == "stream")
    words = set((SAMPLES / "receipt.txt").read_text(encoding="utf-8").split())
    assert len(words & set(printed.split())) > 0.9 * len(words)
    assert any("image/png" in output.get("data", {}) for output in outputs)


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = json.loads((EXAMPLES / "pages.ipynb").read_text(encoding="utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


def test_the_description_of_the_http_calls_is_openapi() -> None:
    done = run([python(), "-m", "openapi_spec_validator", ROOT / "docs" / "openapi.yaml"])
    assert (done.returncode, done.stdout.strip().endswith("OK")) == (0, True), done.stdout + done.stderr


def node_folder() -> Path:
    """The Node program with its packages, in the cache."""
    source = EXAMPLES / "grpc"
    key = hashlib.sha256((source / "package.json").read_bytes()).hexdigest()[:12]
    folder = cache_directory().absolute() / "environments" / f"grpc-js-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "kserve.proto", "read.mjs"):
        shutil.copy(source / name, folder)
    if not (folder / "node_modules" / ".package-lock.json").exists():  # npm writes it at the end
        done = run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"], folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def java_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the guide's commands for Java have compiled the program."""
    folder = tmp_path_factory.mktemp("java")
    for name in ("kserve.proto", "Read.java"):
        shutil.copy(EXAMPLES / "grpc" / name, folder)
    commands, *_ = java_commands()
    done = run(["/bin/bash", "-c", "set -e\n" + commands], folder)
    assert done.returncode == 0, done.stderr
    return folder


def java_commands() -> tuple[str, str]:
    """What the guide compiles with, and what it runs."""
    (block,) = re.findall(r"^```console\n(\$ jars=.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for line in re.sub(r"\\\n *", "", block).splitlines()]
    *compiling, running = lines
    return "\n".join(compiling), f"{compiling[0]}\n{running}"


def call(way: str, folder: Path | None, image: Path, address: str) -> "subprocess.CompletedProcess[str]":
    if way == "node":
        return run(["node", "read.mjs", image, address], node_folder())
    assert folder
    _, running = java_commands()
    return run(["/bin/bash", "-c", re.sub(r"Read .*", f"Read {image} {address}", running)], folder)


@pytest.mark.parametrize("way", WAYS)
def test_a_caller_over_grpc_prints_the_text_or_says_why_not(
    triton: Triton, way: str, request: pytest.FixtureRequest
) -> None:
    assert triton.grpc_url, "--triton gives the HTTP address only"
    folder: Path | None = request.getfixturevalue("java_folder") if way == "java" else None
    done = call(way, folder, SAMPLES / "label.png", triton.grpc_url)
    assert [line.split(" ", 1)[1] for line in done.stdout.splitlines()] == LINES, done.stderr
    failed = call(way, folder, SAMPLES / "label.txt", triton.grpc_url)
    assert (failed.returncode, failed.stdout) == (1, "")
    (line,) = failed.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert "no image that can be read" in line
