"""What perf_analyzer measures, as version 2.50.0 writes it."""

import base64
import json
from pathlib import Path

import pytest

from benchmarks.baselines.perf_analyzer import Level, PerfAnalyzerFailed, StepTimes, parse, run, write_input
from benchmarks.baselines.results import levels_table, write_levels
from ocr_launch.repository import Repository
from tests.project import MODEL_REPOSITORY
from tests.unit.benchmarks.markdown import rows

HEAD = (
    "Concurrency,Inferences/Second,Client Send,Network+Server Send/Recv,"
    "Server Queue,Server Compute Input,Server Compute Infer,Server Compute Output,Client Recv"
)
FILES = {
    "levels.csv": (
        f"{HEAD},p50 latency,p90 latency,p95 latency,p99 latency,Avg latency,request/response,response wait\n"
        "2,3.1362,1278,91108,2,1074,519118,4649,0,594307,776229,837791,857552,617232,1278,615932\n"
    ),
    "text_detection_v1.levels.csv": f"{HEAD}\n2,3.1362,0,5,92271,305,305784,1650,0\n",
    "text_recognition_v12.levels.csv": f"{HEAD}\n2,14.1129,0,3,48978,37,69705,177,0\n",
}
LEVEL = Level(
    "gRPC",
    concurrency=2,
    images_per_s=3.1362,
    p50_us=594307,
    p90_us=776229,
    p95_us=837791,
    p99_us=857552,
    steps=(
        StepTimes("text_detection", queue_us=92271, input_us=305, infer_us=305784, output_us=1650),
        StepTimes("text_recognition", queue_us=48978, input_us=37, infer_us=69705, output_us=177),
    ),
)


def test_what_was_measured_is_a_level_and_its_steps(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    assert parse(tmp_path, "gRPC") == LEVEL


def test_images_become_requests_of_raw_bytes(tmp_path: Path) -> None:
    image = tmp_path / "a.jpg"
    image.write_bytes(b"\xff\xd8\xff")
    write_input([image], tmp_path / "images.json")
    ((request,),) = json.loads((tmp_path / "images.json").read_text()).values()
    assert base64.b64decode(request["image"]["content"]["b64"]) == b"\xff\xd8\xff"
    assert request["image"]["shape"] == [3]


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (
            "error while loading shared libraries: libb64.so.0d",
            r"libb64\.so\.0d \(on Debian and Ubuntu: apt-get install libb64-0d\)",
        ),
        (
            "Error: request-count can not be less\\nUsage: perf_analyzer [options]\\n-m",
            "figures: Error: request-count can not be less$",
        ),
        ("Killed", "figures: Killed$"),
        ("", "figures: without a message$"),
    ],
)
def test_a_run_without_figures_says_why(printed: str, reason: str) -> None:
    command = ["sh", "-c", f"printf '{printed}' >&2; exit 127"]
    with pytest.raises(PerfAnalyzerFailed, match=reason):
        run(command, "HTTP", "localhost:1", [], concurrency=1, requests=1, recognizer="text_recognition")


def test_the_table_is_in_milliseconds() -> None:
    assert rows(levels_table([LEVEL])) == [["gRPC", "2", "3.14", "594", "776", "838", "858"]]


def test_levels_are_written_as_tables_and_plots(tmp_path: Path) -> None:
    repository = Repository(MODEL_REPOSITORY)
    steps = (*LEVEL.steps, *(StepTimes(name, 1, 2, 3, 4) for name in repository.python_steps))
    write_levels([Level("HTTP", 1, 2.5, 1, 2, 3, 4, steps)], repository, tmp_path)
    rows = (tmp_path / "perf_analyzer.csv").read_text().splitlines()
    assert rows[0].startswith("protocol,concurrency,images_per_s,p50_us,")
    assert rows[1] == "HTTP,1,2.5,1,2,3,4,text_detection,92271,305,305784,1650"
    for name in ("throughput.png", "steps.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
