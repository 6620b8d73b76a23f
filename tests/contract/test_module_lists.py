"""A package that lists its modules in its docstring lists all of them."""

import ast
from pathlib import Path

import pytest

from tests.project import ROOT

LISTS = [
    *sorted((ROOT / "benchmarks").rglob("__init__.py")),
    *(
        ROOT / package / "__init__.py"
        for package in ("export", "export/torch_networks", "ocr_core", "ocr_gate", "ocr_launch", "server")
    ),
]


@pytest.mark.parametrize("file", LISTS, ids=lambda file: file.parent.relative_to(ROOT).as_posix())
def test_every_module_is_listed(file: Path) -> None:
    listed = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    modules = {path.name for path in file.parent.glob("*.py")} - {file.name}
    packages = {path.parent.name for path in file.parent.glob("*/__init__.py")}
    assert {name for name in modules | packages if name not in listed} == set()
