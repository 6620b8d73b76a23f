"""The examples in the client's docstrings run as they stand, in a folder with the files that they name."""

import ast
import asyncio
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import ocr_client
from ocr_client import AsyncOcrClient, OcrClient
from tests.project import SAMPLES
from tests.triton import Triton

# Whose docstring, and what its example prints.
DOCUMENTED: dict[str, tuple[Any, list[str]]] = {
    "ocr_client": (ocr_client, ["FARM"]),
    "OcrClient": (OcrClient, ["FARM"]),
    "OcrClient.read": (OcrClient.read, ["FARM", "((", "))"]),
    "OcrClient.read_many": (OcrClient.read_many, ["a.png", "FARM", "b.png", "FARM"]),
    "OcrClient.server_info": (OcrClient.server_info, ["ocr_ensemble READY", "text_recognition READY"]),
    "AsyncOcrClient": (AsyncOcrClient, ["a.png", "FARM", "b.png", "FARM"]),
}
# An indented paragraph under a line that begins with "Example".
EXAMPLE = re.compile(r"^Example.*:\n\n?((?: {4}.*\n|\n)+)", re.MULTILINE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder with some images, all of the label's upper edge."""
    with Image.open(SAMPLES / "label.png") as label:
        edge = label.convert("RGB").crop((0, 100, 840, 260))
    for name in ("receipt.jpg", "a.png", "b.png"):
        edge.save(tmp_path / name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("documented", "expected"), DOCUMENTED.values(), ids=DOCUMENTED)
def test_an_example_prints_what_is_in_the_images(
    triton: Triton, documented: Any, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = EXAMPLE.findall(f"{inspect.getdoc(documented)}\n")
    code = textwrap.dedent(example).replace("localhost:8000", triton.url)
    compiled = compile(code, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with OcrClient(triton.url) as client:
        result = eval(compiled, {**vars(ocr_client), "client": client})  # noqa: S307 - our own docstring
        if inspect.iscoroutine(result):
            asyncio.run(result)
    assert re.search(".*".join(map(re.escape, expected)), capsys.readouterr().out, re.DOTALL)
