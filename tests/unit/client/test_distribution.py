"""`pip install ocr-triton-client` is the client: it needs neither the server nor an extra, and pins nothing."""

import re
import subprocess
import sys
from ast import get_docstring, parse
from importlib.metadata import entry_points, requires, version

from tests.project import ROOT

# What extras bring, and the rest of the project.
ABSENT = (
    *("cv2", "google", "grpc", "onnx", "onnxruntime", "pikepdf", "pillow_heif", "platformdirs", "pydyf", "pypdfium2"),
    *("pyarrow", "ray"),
    *("benchmarks", "downloads", "export", "ocr_core", "ocr_gate", "ocr_launch", "samples", "server"),
)
PACKAGE = ROOT / "client" / "ocr_client"
IMPORT_ALL = f"""
import importlib, pkgutil, sys

for name in {ABSENT}:
    sys.modules[name] = None  # importing it raises ModuleNotFoundError
import ocr_client

for module in pkgutil.walk_packages(ocr_client.__path__, "ocr_client."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError:
        print(module.name)
"""


def test_only_the_modules_of_extras_need_more_than_the_base_install() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert done.stdout.split() == [
        "ocr_client.formats.glyphless",
        "ocr_client.formats.pdf",
        "ocr_client.formats.pdf_layers",
        "ocr_client.formats.pdf_unseen",
        "ocr_client.ocrmypdf",
        *(f"ocr_client.ray.{name}" for name in ("archive", "columns", "node_servers", "parts", "reading", "storage")),
        "ocr_client.transports.grpc",
    ]


def test_the_base_install_is_small_and_takes_every_later_version() -> None:
    base = [requirement for requirement in requires("ocr-triton-client") or [] if "extra ==" not in requirement]
    names = [re.match(r"[\w-]+", requirement) for requirement in base]
    assert sorted(name[0] for name in names if name) == [
        "aiohttp",
        "click",
        "numpy",
        "pillow",
        "tritonclient",
        "urllib3",
    ]
    assert all(re.fullmatch(r"[\w-]+(\[http\])?>=[\d.]+", requirement) for requirement in base)


def test_the_server_side_asks_for_nothing_of_the_client() -> None:
    needed = {re.split(r"[^\w-]", requirement)[0] for requirement in requires("ocr-triton") or []}
    assert not needed & {"ocr-triton", "ocr-triton-client", "pikepdf", "pydyf", "pypdfium2", "urllib3"}


def test_only_the_client_has_the_command() -> None:
    (command,) = entry_points(group="console_scripts", name="ocr")
    assert command.dist is not None
    assert command.dist.name == "ocr-triton-client"


def test_both_distributions_have_one_version_and_one_licence() -> None:
    assert version("ocr-triton-client") == version("ocr-triton")
    assert (ROOT / "client" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    names = {file.stem for file in PACKAGE.rglob("*.py")}
    assert not names & set(sys.stdlib_module_names)


def test_the_map_of_the_commands_modules_names_each_of_them() -> None:
    folder = PACKAGE / "cli"
    map_ = get_docstring(parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    written = re.findall(r"^\| (\w+) +\|", map_, re.MULTILINE)
    assert sorted(written[1:]) == sorted(file.stem for file in folder.glob("[!_]*.py"))
