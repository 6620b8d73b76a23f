"""Ways to lay the models out: which are compared, what the server is told, and what is made of the speeds."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner
from google.protobuf import text_format  # type: ignore[import-untyped]
from server.layout import Layout
from tritonclient.grpc import model_config_pb2

from benchmarks.layouts.candidates import Point, around, configure, default
from benchmarks.layouts.sweep import Round, Speed, main, table, write
from server import layout
from tests.project import MODEL_REPOSITORY

DEFAULT = Point(2, 1, None, 1, 2)
OTHER = Point(3, 2, 500, 2, 1)


def read(folder: Path, model: str) -> model_config_pb2.ModelConfig:
    return text_format.Parse((folder / model / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())


def compared(point: Point, speed: float, number: int) -> Round:
    return Round(point, number, Speed(speed, 100 / speed), Speed(2.0, 50.0))


def test_the_default_is_what_the_launcher_chooses() -> None:
    assert default(Layout("cpu", 2, "")) == DEFAULT
    assert default(Layout("cpu", 8, "")) == Point(8, 1, None, 2, 4)


@pytest.mark.parametrize("cores", [1, 2, 6, 64])
def test_points_differ_from_each_other_and_only_at_one_model_from_the_default(cores: int) -> None:
    reference = default(Layout("cpu", cores, ""))
    points = around(reference, cores)
    assert points[0] == reference
    assert len(points) == len(set(points)) > 9
    detector = (reference.detectors, reference.detector_threads)
    for point in points:
        same_detector = (point.detectors, point.detector_threads) == detector
        same_recognizer = (point.recognizers, point.recognizer_threads, point.delay_us) == (
            reference.recognizers,
            1,
            None,
        )
        assert same_detector or same_recognizer


def test_the_default_point_changes_nothing_that_is_served(tmp_path: Path) -> None:
    linked = layout.link(MODEL_REPOSITORY, tmp_path, configure(DEFAULT))
    for model in ("ocr_ensemble", "image_preprocessing", "text_detection", "text_recognition", "ctc_decoding"):
        ours, theirs = read(linked, model), read(MODEL_REPOSITORY, model)
        if model == "text_detection":  # 0 threads are all cores: two, where the configurations were measured
            theirs.parameters["intra_op_thread_count"].string_value = "2"
        assert ours == theirs


def test_a_point_is_written_into_the_configurations(tmp_path: Path) -> None:
    linked = layout.link(MODEL_REPOSITORY, tmp_path, configure(OTHER))
    detection, recognition = read(linked, "text_detection"), read(linked, "text_recognition")
    assert (detection.instance_group[0].count, recognition.instance_group[0].count) == (2, 3)
    assert detection.parameters["intra_op_thread_count"].string_value == "1"
    assert recognition.parameters["intra_op_thread_count"].string_value == "2"
    assert recognition.dynamic_batching.max_queue_delay_microseconds == 500
    assert not detection.HasField("dynamic_batching")
    assert (linked / "text_recognition" / "1" / "model.cpu.onnx").is_file()


def test_batching_without_delay_is_batching() -> None:
    config = configure(Point(2, 1, 0, 1, 2))("text_recognition", "instance_group [ { count: 1 } ]")
    assert text_format.Parse(config, model_config_pb2.ModelConfig()).HasField("dynamic_batching")


def test_the_table_has_medians_of_ratios_the_fastest_first_and_the_default_in_bold() -> None:
    rounds = [compared(OTHER, speed, number) for number, speed in enumerate((3.0, 2.5, 1.0))]
    rows = table(rounds, DEFAULT).splitlines()[2:]
    assert rows[:2] == [
        "| 3 × 2 | 500 µs | 2 × 1 | 1.25 | 0.80 |",
        "| **2 × 1** | **none** | **1 × 2** | **1.00** | **1.00** |",
    ]
    assert "is 1: 2.00 images/s and 50 ms" in rows[-1]


def test_every_round_is_kept(tmp_path: Path) -> None:
    write([compared(OTHER, 3.0, 1), compared(OTHER, 1.0, 2)], DEFAULT, tmp_path)
    with (tmp_path / "sweep.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["recognizers"], row["delay_us"], row["round"], row["images_per_s"]) for row in rows] == [
        ("3", "500", "1", "3.0"),
        ("3", "500", "2", "1.0"),
    ]


def test_what_would_be_compared_is_listed_without_a_server() -> None:
    done = CliRunner().invoke(main, ["--dry-run"])
    assert done.exit_code == 0
    assert "batching 500 us" in done.stdout


def test_a_folder_without_labels_is_wrong_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(tmp_path)])
    assert (done.exit_code, "labels.json" in done.stderr) == (2, True)
