"""Lines of the log as JSON."""

import json
import subprocess
import sys
from datetime import datetime, timezone

import pytest

from ocr_launch import json_log
from ocr_launch.errors import StartError

NOW = datetime(2026, 11, 26, 12, 0, 0, 5000, timezone.utc)
TIME = {"time": "2026-11-26T12:00:00.005+00:00"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "I1126 11:56:11.321217 20300 model_lifecycle.cc:839] \"successfully loaded 'text_detection'\"",
            {"level": "info", "source": "model_lifecycle.cc:839", "message": "successfully loaded 'text_detection'"},
        ),
        (
            "E1126 11:56:24.277919 20300 triton.py:145] \"request 'scan-7': Traceback:\\n  KeyError\"",
            {"level": "error", "source": "triton.py:145", "request_id": "scan-7", "message": "Traceback:\n  KeyError"},
        ),
        ("I1126 12:10:35.627732 13359 server.cc:604] ", {"level": "info", "source": "server.cc:604", "message": ""}),
        (
            "ocr-serve: ctc_decoding_0_1 (process 57) died; loaded ctc_decoding anew (0.6 s)",
            {
                "level": "warning",
                "source": "ocr-serve",
                "message": "ctc_decoding_0_1 (process 57) died; loaded ctc_decoding anew (0.6 s)",
            },
        ),
        ("| Model | Version |", {"message": "| Model | Version |"}),
    ],
)
def test_a_line_is_taken_apart(line: str, told: dict[str, str]) -> None:
    assert json_log.described(line, NOW) == TIME | told


def test_empty_lines_are_left_out() -> None:
    assert list(json_log.converted(["\n", "  \n"])) == []


def run(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    asked = "json_log.begin(os.environ.get('OCR_LOG_FORMAT'))"
    program = f"import os, subprocess, sys\nfrom ocr_launch import json_log\n{asked}\n{code}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - our own


def test_all_that_is_written_comes_as_json_to_the_last_line() -> None:
    code = "print('ocr-serve: one', flush=True)\nsubprocess.run(['echo', 'two'])\nsys.exit('three')"
    done = run(code, OCR_LOG_FORMAT="json", PATH="/bin:/usr/bin")
    assert [json.loads(line)["message"] for line in done.stdout.splitlines()] == ["one", "two", "three"]
    assert (done.stderr, done.returncode) == ("", 1)


def test_text_stays_as_it_is() -> None:
    assert run("print('ocr-serve: one')").stdout == "ocr-serve: one\n"


def test_another_format_is_refused() -> None:
    with pytest.raises(StartError, match="OCR_LOG_FORMAT is 'xml'; it must be text or json"):
        json_log.begin("xml")
