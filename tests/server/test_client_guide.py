"""The examples of docs/client.md run as they stand, section by section, and print what stands below them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_client.formats import WRITERS
from tests.project import ROOT, SAMPLES
from tests.triton import Triton

GUIDE = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
# A `console` block has commands and their output; a `python` block's output is the block without a language below it.
EXAMPLE = re.compile(r"^```console\n(.*?)^```|^```python\n(.*?)^```\n\n^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTIONS = dict(re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))
# The formats' suffixes, as the table has them.
ROW = re.compile(r"^\| `(\w+)` \| `(\.\w+)` \|", re.MULTILINE)


def test_every_example_is_found() -> None:
    examples = [example for section in SECTIONS.values() for example in EXAMPLE.findall(section)]
    assert len(examples) == GUIDE.count("```console\n") + GUIDE.count("```python\n")


def test_the_table_of_formats_has_all_of_them() -> None:
    assert dict(ROW.findall(SECTIONS["Formats"])) == {name: writer.suffix for name, writer in WRITERS.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the samples, as the project's."""
    (tmp_path / "samples").symlink_to(SAMPLES)
    return tmp_path


@pytest.mark.parametrize("title", [title for title, section in SECTIONS.items() if EXAMPLE.search(section)])
def test_the_examples_of_a_section_print_what_it_says(triton: Triton, folder: Path, title: str) -> None:
    if "localhost:8001" in SECTIONS[title] and triton.grpc_url is None:
        pytest.skip("--triton gives the HTTP address only")
    for console, code, output in EXAMPLE.findall(SECTIONS[title]):
        if code:
            assert printed([sys.executable, "-c", code], triton, folder) == figures_aside(output)
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE):
            assert printed(["bash", "-c", command], triton, folder) == figures_aside(expected)


def printed(command: list[str], triton: Triton, folder: Path) -> str:
    """What a command of the guide prints to standard output and then to standard error."""
    addresses = {"localhost:8000": triton.url, "localhost:8001": str(triton.grpc_url)}
    for usual, actual in addresses.items():
        command = [argument.replace(usual, actual) for argument in command]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "OCR_URL": triton.url,
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - the guide's
    output = done.stdout + done.stderr
    for usual, actual in addresses.items():
        output = output.replace(actual, usual)
    return figures_aside(output)


def figures_aside(text: str) -> str:
    """A text without its figures, which differ between machines, except for those that are part of words.

    And without what `ocr status` knows from a launcher on the same machine: a container's is on another. Many spaces
    between columns may be one more or less where boxes are found by another graph, in int8 for example.
    """
    text = re.sub(r"^On this machine:.*\n", "", text, flags=re.MULTILINE)
    return re.sub(r" {16,}", "\t", re.sub(r"\b\d+(\.\d+)*\b", "#", text))
