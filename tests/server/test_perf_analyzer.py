"""The line of `python -m benchmarks.perf_analyzer` runs the real perf_analyzer against a server.

It comes from a package registry: `pytest -m frameworks`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import SAMPLES
from tests.triton import Triton

REQUESTS = 3


@pytest.mark.frameworks
def test_the_line_measures_the_server_and_its_steps(triton: Triton, tmp_path: Path) -> None:
    addresses = ["--url", triton.url, "--grpc-url", triton.grpc_url or ""]
    arguments = [str(tmp_path), str(SAMPLES / "label.png"), *addresses, "--concurrency=1", f"--requests={REQUESTS}"]
    written = run([sys.executable, "-m", "benchmarks.perf_analyzer", *arguments])
    measured = run(["bash", str(tmp_path / "perf_analyzer.sh")])
    assert written.splitlines()[0] in (tmp_path / "perf_analyzer.sh").read_text(encoding="utf-8")
    assert f"Request count: {REQUESTS}" in measured
    steps = dict(re.findall(r"^  (\w+), version: \d+\s+Inference count: (\d+)", measured, re.MULTILINE))
    assert {"image_preprocessing", "text_detection", "text_recognition"} <= set(steps)
    assert int(steps["text_recognition"]) >= REQUESTS * len((SAMPLES / "label.txt").read_text().splitlines())


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))  # noqa: S603 - our own
    assert done.returncode == 0, done.stdout[:2000] + done.stderr
    return done.stdout
