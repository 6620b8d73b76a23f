"""`ocr` in a terminal, a pipe and a shell."""

import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from PIL import Image

from ocr_client.cli import main
from ocr_client.cli.inputs import expand
from ocr_client.cli.plan import make_plan
from tests.unit.client.command import OCR, add

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton

pytestmark = pytest.mark.usefixtures("scans")


def test_a_pipe_gets_each_page_as_soon_as_it_is_read(triton: "FakeTriton") -> None:
    add("scans/c.png", content="slow one")
    with subprocess.Popen([*OCR, "read", "scans", "--json"], stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        assert [json.loads(process.stdout.readline())["source"] for _ in range(2)] == ["scans/a.png", "scans/b.png"]
        triton.released.set()
        assert json.loads(process.stdout.read())["source"] == "scans/c.png"


def in_terminal(*arguments: str) -> tuple[str, str]:
    """What `ocr read` writes to stdout, a pipe, and to stderr, a terminal."""
    ours, theirs = pty.openpty()
    done = subprocess.run([*OCR, "read", *arguments], stdout=subprocess.PIPE, stderr=theirs, check=False)  # noqa: S603 - our own
    os.close(theirs)
    stderr = os.read(ours, 100_000).decode()
    os.close(ours)
    return done.stdout.decode(), stderr


def test_a_terminal_gets_a_bar_with_rate_and_the_results_stay_clean() -> None:
    add("scans/aa.png", content="bad image")
    stdout, bar = in_terminal("scans")
    assert stdout == "==> scans/a.png <==\n0.98  a\n==> scans/b.png <==\n0.98  b\n"
    assert "Reading  [" in bar
    assert re.search(r"3/3  [\d.]+/s", bar)
    assert "\r\x1b[Kscans/aa.png: these 9 bytes are no image\r\n" in bar


def test_the_bar_counts_the_pages_of_documents(triton: "FakeTriton") -> None:
    triton.echoing = False
    triton.answer_page([])
    first, *others = (Image.new("RGB", (64, 48)) for _ in range(5))
    first.save("scan.tif", save_all=True, append_images=others)
    assert "5/5" in in_terminal("scan.tif")[1]


def test_a_terminal_gets_no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    inputs = expand(["scans"], recursive=False)
    with pytest.raises(click.UsageError, match="pdf cannot be shown in a terminal"):
        make_plan(inputs, "pdf", None, None, skip_existing=False)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_gets_a_script_to_complete_with(shell: str) -> None:
    environment = {"_OCR_COMPLETE": f"{shell}_source"}
    assert "_OCR_COMPLETE" in CliRunner(env=environment).invoke(main, prog_name="ocr").stdout


def test_the_shell_completes_commands_options_and_formats() -> None:
    for words, completions in (
        ("ocr st", ["status"]),
        ("ocr read --ov", ["--overlay"]),
        ("ocr read -f js", ["json", "jsonl"]),
    ):
        environment = {
            "_OCR_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        done = CliRunner(env=environment).invoke(main, prog_name="ocr")
        assert done.stdout.split() == [f"plain,{completion}" for completion in completions]
