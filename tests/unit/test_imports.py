"""Who imports whom: the packages' order, read from their source."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project import MODEL_REPOSITORY, ROOT

# Package → which of the project's other packages it may import. None may import `export` or `tests`.
MAY_IMPORT = {
    "ocr_core": set(),
    "client/ocr_client": set(),
    "downloads": set(),
    "samples": set(),
    "ocr_gate": set(),
    "ocr_launch": {"ocr_core"},
    "server": {"downloads", "ocr_core", "ocr_launch"},
    "export": {"downloads", "ocr_core"},
    "deploy": {"server"},
    "benchmarks": {"ocr_client", "ocr_core", "ocr_launch", "server", "downloads", "samples"},
}
OURS = {Path(package).name for package in MAY_IMPORT} | {"tests"}
STEPS = sorted(MODEL_REPOSITORY.glob("*/1/model.py"))
MAX_STEP_LINES = 35


def imported(source: Path) -> set[str]:
    """Top-level names of all modules that a file imports, anywhere in it."""
    return set(_imported(ast.parse(source.read_text(encoding="utf-8"))))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


def imported_by(package: str) -> set[str]:
    sources = list((ROOT / package).rglob("*.py"))
    assert sources
    return set().union(*map(imported, sources))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_those_below_it(package: str) -> None:
    own = Path(package).name
    assert imported_by(package) & OURS <= MAY_IMPORT[package] | {own}


def test_every_package_is_in_the_order() -> None:
    packages = {init.parent.relative_to(ROOT).as_posix() for init in ROOT.glob("[a-z]*/__init__.py")}
    assert packages - {"tests"} <= set(MAY_IMPORT)


def test_what_runs_inside_triton_needs_three_packages_beside_it() -> None:
    known = sys.stdlib_module_names | {"ocr_core"}
    assert imported_by("ocr_core") - known == {"cv2", "numpy", "PIL", "triton_python_backend_utils"}


def test_only_the_adapter_knows_triton() -> None:
    sources = (ROOT / "ocr_core").glob("*.py")
    assert [s.name for s in sources if "triton_python_backend_utils" in imported(s)] == ["triton.py"]


def test_there_are_steps() -> None:
    assert {step.parent.parent.name for step in STEPS} >= {"ctc_decoding", "image_preprocessing", "text_cropping"}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.parent.parent.name)
def test_a_step_is_thin(step: Path) -> None:
    assert len(step.read_text(encoding="utf-8").splitlines()) <= MAX_STEP_LINES
    assert imported(step) <= sys.stdlib_module_names | {"ocr_core", "numpy"}
