"""Where a request's time goes: the server's figures understood, and what is left for hops."""

import json
import os
from pathlib import Path

import pytest

from benchmarks.common import cpu_time as processes
from benchmarks.common import server_statistics as statistics
from benchmarks.common.server_statistics import Work
from benchmarks.latency.breakdown import ENSEMBLE, HOPS, RECOGNIZER, Account, hops, table, write
from benchmarks.latency.parts import PARTS

PARTS_MS = {part: 10.0 for parts in PARTS.values() for part in parts}


def entry(model: str, version: str, count: int, nanoseconds: int) -> dict[str, object]:
    """A model in the answer of Triton's statistics extension; each kind of time is a nanosecond more than the last."""
    kinds = ("success", "queue", "compute_input", "compute_infer", "compute_output")
    times = {kind: {"count": count, "ns": nanoseconds + place} for place, kind in enumerate(kinds)}
    return {"name": model, "version": version, "execution_count": count - 1, "inference_stats": times}


def test_of_a_servers_statistics_the_newest_version_counts() -> None:
    answer = json.dumps({"model_stats": [entry("a", "10", 3, 5_000_000), entry("a", "9", 7, 1)]}).encode()
    assert statistics.parse(answer) == {
        "a": Work(3, 2, total_ms=5.0, queue_ms=5.000001, input_ms=5.000002, infer_ms=5.000003, output_ms=5.000004)
    }


def test_between_two_moments_only_the_difference_counts() -> None:
    before, after = {"a": Work(1, 1, 9, 1, 2, 3, 1)}, {"a": Work(3, 2, 19, 2, 4, 8, 2)}
    assert statistics.between(before, after) == {"a": Work(2, 1, 10, 1, 2, 5, 1)}


def test_parts_and_hops_add_up_to_the_request() -> None:
    work = {step: Work(1, 1, total_ms=40, queue_ms=1, input_ms=2, infer_ms=35, output_ms=2) for step in PARTS}
    work[ENSEMBLE] = Work(1, 1, 165, 0, 0, 0, 0)
    added_ms = hops(170, work, PARTS_MS)
    assert sum(added_ms.values()) + sum(PARTS_MS.values()) == pytest.approx(170)
    assert added_ms["hop: client, HTTP"] == 5
    assert added_ms["hop: waiting"] == 4
    assert added_ms["hop: between steps"] == 21
    assert added_ms["hop: text_detection"] == 25
    assert added_ms["hop: ctc_decoding"] == 5


def test_processes_are_told_apart_by_the_model_they_run(tmp_path: Path) -> None:
    stub = "/backends/python/triton_python_backend_stub\0/models/text_cropping/1/model.py\0"
    processes_of = {"5": ("/bin/tritonserver\0", 5), "6": (stub, 5), "7": (stub, 5), "8": (stub, 4)}
    for pid, (command, session) in processes_of.items():
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "cmdline").write_text(command)
        (tmp_path / pid / "stat").write_text(f"{pid} (a (b) c) S 1 5 {session} 0 -1 0 0 0 0 0 3 4 0 0 20")
    tick_ms = 1000 / os.sysconf("SC_CLK_TCK")
    assert processes.cpu_ms(5, tmp_path) == {"tritonserver": 7 * tick_ms, "text_cropping": 14 * tick_ms}


def test_the_table_has_a_column_for_each_image(tmp_path: Path) -> None:
    hops_ms = dict.fromkeys(HOPS, 1.0)
    accounts = [Account(name, 3, 2, 86.0, PARTS_MS, hops_ms, {RECOGNIZER: 20.0}) for name in ("form", "photo")]
    written = write(accounts, tmp_path)
    lines = [line.split(" | ") for line in table(accounts).splitlines()]
    assert {len(line) for line in lines} == {3}
    assert "| **the parts alone** | **80.0** | **80.0** |" in written
    assert "| **a request** | **86.0** | **86.0** |" in written
    assert {file.name for file in tmp_path.iterdir()} == {"account.csv", "account.md", "account.png"}
