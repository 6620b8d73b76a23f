"""Dockerfile.triton, what it puts into the image, Compose and docs/production.md say the same."""

import re
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

import pytest

from export.__main__ import main as export_command
from ocr_launch import layout, machine, serve
from tests.image.container import GRPC, HARDENED, HTTP, METRICS
from tests.image.image import DOCKERFILE, TAG, pinned_base
from tests.project import MODEL_REPOSITORY, README, ROOT

GUIDE = ROOT / "docs" / "production.md"
COMPOSE = ROOT / "docker-compose.cpu.yml"
PORTS = " ".join(f"-p 127.0.0.1:{port}:{port}" for port in (HTTP, GRPC, METRICS))
PROSE = [README, GUIDE, DOCKERFILE, ROOT / "docker-compose.yml", COMPOSE]


def first_column(heading: str) -> set[str]:
    """Names in backquotes in the first column of the guide's table whose head begins so."""
    table = re.search(rf"^\| {heading}.*\n(?:\|.*\n)+", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert table
    rows = table[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


@pytest.mark.parametrize("file", PROSE, ids=lambda file: file.name)
def test_the_base_is_the_one_that_the_dockerfile_pins(file: Path) -> None:
    mentioned = set(re.findall(r"nvcr\.io/nvidia/tritonserver:[\w.-]+", file.read_text(encoding="utf-8")))
    assert mentioned <= {pinned_base()}


@pytest.mark.parametrize("file", [README, GUIDE], ids=lambda file: file.name)
def test_the_base_is_named_to_users(file: Path) -> None:
    assert f"`{pinned_base()}`" in file.read_text(encoding="utf-8")


def test_the_base_is_pinned_to_a_release() -> None:
    assert re.fullmatch(r"nvcr\.io/nvidia/tritonserver:\d\d\.\d\d-py3", pinned_base())


@pytest.mark.parametrize("file", [README, GUIDE, DOCKERFILE], ids=lambda file: file.name)
def test_the_image_is_built_and_run_by_the_same_two_commands(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert f"docker build -f Dockerfile.triton -t {TAG} .\n" in text
    assert f"docker run --gpus all --shm-size=1g {PORTS} {TAG}\n" in text


def test_compose_calls_the_image_so_too() -> None:
    assert f"    image: {TAG}\n" in COMPOSE.read_text(encoding="utf-8")


def test_the_image_has_the_models_that_the_exporter_writes_by_default() -> None:
    arguments = re.findall(r"^ARG (DETECTOR|RECOGNIZER|CPU_PRECISION)=(.+)$", DOCKERFILE.read_text(), re.MULTILINE)
    defaults = {option.name: option.default for option in export_command.params}
    assert {name.lower(): value for name, value in arguments} == {
        name: defaults[name] for name in ("detector", "recognizer", "cpu_precision")
    }


def test_the_label_has_the_projects_version() -> None:
    assert f'image.version="{version("ocr-triton")}"' in DOCKERFILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("models", [str(MODEL_REPOSITORY), "s3://bucket/models"])
def test_the_guide_explains_every_flag_of_the_server(models: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    monkeypatch.setattr(machine, "shared_memory_shortage", lambda: None)
    monkeypatch.setattr(layout, "arrange", lambda repository, *_: repository.root)
    free_ports = ["--http-port=0", "--grpc-port=0", "--metrics-port=0"]
    with ExitStack() as sockets:
        environment = {"OCR_MODEL_REPOSITORY": models, "OCR_PROFILE": "gpu"}
        _, *flags = serve.prepare(environment, free_ports, sockets).command
    explained = {flag.split("=")[0] for flag in first_column("flag of `tritonserver`")}
    assert {flag.split("=")[0] for flag in flags} - {"--model-repository"} <= explained


def test_the_guide_explains_every_variable() -> None:
    variables = set(re.findall(r"^  (OCR_[A-Z_]+)", serve.USAGE, re.MULTILINE))
    assert first_column("environment variable") == variables
    source = "".join(file.read_text(encoding="utf-8") for file in Path(serve.__file__).parent.glob("*.py"))
    assert set(re.findall(r'environ(?:ment)?\.get\("(OCR_[A-Z_]+)"\)', source)) == variables


def test_the_guide_runs_the_container_as_it_is_tested() -> None:
    assert set(HARDENED) <= set(GUIDE.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("bound", ["mem_limit", "cpus", "pids_limit"])
def test_compose_bounds_what_a_fault_may_take(bound: str) -> None:
    assert f"\n    {bound}: " in COMPOSE.read_text(encoding="utf-8")


def test_no_port_is_opened_to_every_network() -> None:
    for file in PROSE:
        published = re.findall(r"(?:-p |- )((?:[\d.]+:)?\d+:\d+)\b", file.read_text(encoding="utf-8"))
        assert all(port.startswith("127.0.0.1:") for port in published), file


def test_compose_runs_the_container_as_it_is_tested() -> None:
    compose = COMPOSE.read_text(encoding="utf-8")
    for line in ("read_only: true", "tmpfs: /tmp", "cap_drop: [ALL]", "no-new-privileges:true", "shm_size: 1g"):
        assert line in compose
