"""Each command that `python -m server` prints works as it is printed, in the project's folder."""

import shutil
import subprocess
import sys

import pytest

from server.__main__ import how_to_call
from tests.project import ROOT, SAMPLES
from tests.triton import Triton

PROGRAMS = ("ocr", "bash", "curl", "python")
# Where there is no curl, raw_http.py takes its arguments and sends the same bytes.
NO_CURL = f"curl() {{ '{sys.executable}' -m tests.server.raw_http \"$@\"; }}\n"
# What curl and jq do is for machines that have both.
RUN = [name for name in PROGRAMS if name != "bash" or (shutil.which("curl") and shutil.which("jq"))]


def printed(triton: Triton) -> dict[str, str]:
    """The printed commands, by their program: paragraphs that are indented."""
    text = how_to_call({"url": triton.url, "grpc_url": triton.grpc_url, "metrics_url": "", "log": triton.log})
    commands = [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.startswith("  ")]
    return {command.split()[0].rpartition("/")[2]: command for command in commands}


def test_every_printed_command_is_known_here(triton: Triton) -> None:
    assert tuple(printed(triton)) == PROGRAMS


@pytest.mark.parametrize("program", RUN)
def test_a_printed_command_prints_the_text_of_an_image(triton: Triton, program: str) -> None:
    shim = NO_CURL if shutil.which("curl") is None else ""
    done = subprocess.run(  # noqa: S602 - a pipeline, as a person would paste it
        shim + printed(triton)[program], shell=True, cwd=ROOT, capture_output=True, text=True, check=True
    )
    for text in (SAMPLES / "label.txt").read_text(encoding="utf-8").splitlines():
        assert text in done.stdout
