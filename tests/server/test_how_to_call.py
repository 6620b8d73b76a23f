"""Each command that `python -m server` prints works as it is printed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from server.__main__ import HOW_TO_CALL
from tests.project import SAMPLES
from tests.triton import Triton

PROGRAMS = ("ocr", "curl", "python")
# Where there is no curl, raw_http.py takes its arguments and sends the same bytes.
NO_CURL = f"curl() {{ '{sys.executable}' -m tests.server.raw_http \"$@\"; }}\n"


def printed(triton: Triton) -> list[str]:
    """The printed commands, for a sample: paragraphs that are indented."""
    text = HOW_TO_CALL.format(url=triton.url, grpc_url=triton.grpc_url, metrics_url="", log=triton.log)
    commands = [paragraph.strip() for paragraph in text.split("\n\n") if paragraph.startswith("  ")]
    return [command.replace("IMAGE", str(SAMPLES / "label.png")) for command in commands]


def test_every_printed_command_is_known_here(triton: Triton) -> None:
    assert tuple(command.split()[0] for command in printed(triton)) == PROGRAMS


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_printed_command_prints_the_text_of_an_image(triton: Triton, program: str) -> None:
    (command,) = (command for command in printed(triton) if command.startswith(program))
    shim = NO_CURL if shutil.which("curl") is None else ""
    # The programs of this environment, as after `source .venv/bin/activate`.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S602 - a pipeline, as a person would paste it
        shim + command, shell=True, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    for text in (SAMPLES / "label.txt").read_text(encoding="utf-8").splitlines():
        assert text in done.stdout
