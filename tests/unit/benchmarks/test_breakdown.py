"""Where a request's time goes: the server's figures understood, and what is left for overhead."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.common import cpu_time, server_statistics
from benchmarks.common.server_statistics import Work
from benchmarks.latency.breakdown import Breakdown, table, write
from benchmarks.latency.overhead import OVERHEADS, overheads
from benchmarks.latency.parts import PARTS
from ocr_launch.names import ENSEMBLE
from tests.unit.benchmarks.markdown import head, rows

PARTS_MS = {part: 10.0 for parts in PARTS.values() for part in parts}


def entry(model: str, version: str, count: int, nanoseconds: int) -> dict[str, object]:
    """A model in the answer of Triton's statistics extension; each kind of time is a nanosecond more than the last."""
    kinds = ("success", "queue", "compute_input", "compute_infer", "compute_output")
    times = {kind: {"count": count, "ns": nanoseconds + place} for place, kind in enumerate(kinds)}
    return {"name": model, "version": version, "execution_count": count - 1, "inference_stats": times}


def test_of_a_servers_statistics_the_newest_version_counts() -> None:
    answer = json.dumps({"model_stats": [entry("a", "10", 3, 5_000_000), entry("a", "9", 7, 1)]}).encode()
    assert server_statistics.parse(answer) == {
        "a": Work(3, 2, total_ms=5.0, queue_ms=5.000001, input_ms=5.000002, infer_ms=5.000003, output_ms=5.000004)
    }


def test_between_two_moments_only_the_difference_counts() -> None:
    before, after = {"a": Work(1, 1, 9, 1, 2, 3, 1)}, {"a": Work(3, 2, 19, 2, 4, 8, 2)}
    assert server_statistics.between(before, after) == {"a": Work(2, 1, 10, 1, 2, 5, 1)}


def test_parts_and_overheads_add_up_to_the_request() -> None:
    work = {step: Work(1, 1, total_ms=40, queue_ms=1, input_ms=2, infer_ms=35, output_ms=2) for step in PARTS}
    total_ms = len(PARTS) * (1 + 35) + 21
    work[ENSEMBLE] = Work(1, 1, total_ms, 0, 0, 0, 0)
    added_ms = overheads(total_ms + 5, work, PARTS_MS)
    assert sum(added_ms.values()) + sum(PARTS_MS.values()) == pytest.approx(total_ms + 5)
    assert added_ms["overhead: client, HTTP"] == 5
    assert added_ms["overhead: waiting"] == len(PARTS)
    assert added_ms["overhead: between steps"] == 21
    assert added_ms["overhead: text_detection"] == 25
    assert added_ms["overhead: ctc_decoding"] == 5


STUB = """
import sys, time
while time.process_time() < 0.1:
    pass
print(flush=True)
sys.stdin.read()
"""


def test_processes_are_told_apart_by_the_model_they_run(tmp_path: Path) -> None:
    # The server under test may be a child of this process, too: it has no model of this name.
    model = tmp_path / "dewarping" / "1" / "model.py"
    model.parent.mkdir(parents=True)
    model.write_text(STUB)
    command = ["/backends/python/triton_python_backend_stub", str(model)]
    stubs = [
        subprocess.Popen(command, executable=sys.executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        for _ in range(2)
    ]
    for stub in stubs:
        assert stub.stdout
        stub.stdout.readline()
    used_ms = cpu_time.cpu_ms(psutil.Process().pid)
    for stub in stubs:
        stub.communicate()
    assert 150 <= used_ms["dewarping"] < 2000


def test_the_table_has_a_column_for_each_image(tmp_path: Path) -> None:
    overheads_ms = dict.fromkeys(OVERHEADS, 1.0)
    cpu_ms = {"tritonserver": 4.0, "gate": 1.5, "recognizer": 20.0}
    images = [Breakdown(name, 3, 2, 86.0, PARTS_MS, overheads_ms, cpu_ms, ["recognizer"]) for name in ("form", "photo")]
    written = write(images, tmp_path)
    assert head(table(images)) == ["ms", "form", "photo"]
    assert ["lines read / calls of the recognizer", "3 / 2", "3 / 2"] in rows(written)
    parts_alone = f"**{sum(PARTS_MS.values()):.1f}**"
    assert ["**the parts alone**", parts_alone, parts_alone] in rows(written)
    assert ["**a request**", "**86.0**", "**86.0**"] in rows(written)
    assert ["**CPU time outside the networks**", "**5.5**", "**5.5**"] in rows(written)
    assert {file.name for file in tmp_path.iterdir()} == {"breakdown.csv", "breakdown.md", "breakdown.png"}
