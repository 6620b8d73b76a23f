"""Layouts that are compared, and what is made of the measurements."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.layouts.candidates import on_cpus
from benchmarks.layouts.change import Change
from benchmarks.layouts.sweep import Measured, Round, describe, main, table, write
from ocr_launch import layout
from ocr_launch.layout import Layout
from ocr_launch.machine import Cores
from ocr_launch.model_config import ModelConfig
from ocr_launch.profiles import CPU, Profile
from ocr_launch.repository import Repository
from tests.project import MODEL_REPOSITORY
from tests.unit.benchmarks.markdown import rows

REPOSITORY = Repository(MODEL_REPOSITORY)
CHOSEN = "the launcher's choice"
OTHER = Change("recognizers 3 × 2")


def on(cores: int) -> Layout:
    return Layout(Profile(CPU, "as asked for"), Cores(cores), has_vnni=True)


def named(cores: int, name: str) -> Change:
    return next(change for change in on_cpus(REPOSITORY, on(cores)) if change.name == name)


def served(change: Change, folder: Path, cores: int = 2) -> dict[str, ModelConfig]:
    """Model → its configuration on a machine."""
    arranged = Repository(layout.arrange(REPOSITORY, on(cores), folder, change))
    return {model: arranged.config(model) for model in arranged.models}


def compared(change: Change, speed: float, number: int) -> Round:
    return Round(change, number, Measured(speed, 100 / speed), Measured(2.0, 50.0))


@pytest.mark.parametrize("cores", [1, 2, 6, 64])
def test_changes_differ_from_each_other_and_from_the_launchers_choice(cores: int, tmp_path: Path) -> None:
    changes = on_cpus(REPOSITORY, on(cores))
    assert len({change.name for change in changes}) == len(changes) > 8
    chosen = served(Change(), tmp_path / "chosen", cores)
    for number, change in enumerate(changes):
        changed = served(change, tmp_path / str(number), cores)
        models = {model for model in chosen if changed[model] != chosen[model]}
        assert models
        assert models <= {"text_detection"} or models <= {"text_recognition", "ctc_decoding"}


def test_a_change_is_written_into_the_configurations(tmp_path: Path) -> None:
    recognizers, detectors = named(8, "recognizers 12 × 1, batching 500 µs"), named(8, "detectors 4 × 2")
    configs = served(recognizers | detectors, tmp_path)
    detection, recognition = configs["text_detection"], configs["text_recognition"]
    assert (detection.instance_group[0].count, recognition.instance_group[0].count) == (4, 12)
    assert detection.parameters["intra_op_thread_count"].string_value == "2"
    assert recognition.parameters["intra_op_thread_count"].string_value == "1"
    assert recognition.dynamic_batching.max_queue_delay_microseconds == 500
    assert not detection.HasField("dynamic_batching")
    assert configs["ctc_decoding"].parameters["calls_under_way"].string_value == "12"


def test_batching_without_delay_is_batching(tmp_path: Path) -> None:
    configs = served(named(2, "recognizers 2 × 1, batching 0 µs"), tmp_path)
    assert configs["text_recognition"].HasField("dynamic_batching")


def test_the_table_has_medians_of_ratios_the_fastest_first_and_the_launchers_choice_in_bold() -> None:
    rounds = [compared(OTHER, speed, number) for number, speed in enumerate((3.0, 2.5, 1.0))]
    printed = table(rounds, CHOSEN)
    assert rows(printed) == [["recognizers 3 × 2", "1.25", "0.80"], [f"**{CHOSEN}**", "**1.00**", "**1.00**"]]
    assert "is 1: 2.00 images/s and 50 ms" in printed


def test_every_round_is_kept(tmp_path: Path) -> None:
    write([compared(OTHER, 3.0, 1), compared(OTHER, 1.0, 2)], CHOSEN, tmp_path)
    with (tmp_path / "sweep.csv").open(newline="") as lines:
        kept = list(csv.DictReader(lines))
    assert [(row["change"], row["round"], row["images_per_s"]) for row in kept] == [
        (OTHER.name, "1", "3.0"),
        (OTHER.name, "2", "1.0"),
    ]


def test_the_launchers_choice_is_described_in_the_words_of_the_changes() -> None:
    assert describe(on(8)) == "recognizers 8 × 1, no batching, detectors 2 × 4: the launcher's choice"


def test_what_would_be_compared_is_listed_without_a_server() -> None:
    done = CliRunner().invoke(main, ["--dry-run", "--only", "batching 500"])
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1:]
    assert all("batching 500 µs" in line for line in done.stdout.splitlines()[1:])


def test_words_of_no_change_are_wrong_usage() -> None:
    done = CliRunner().invoke(main, ["--only", "decoders"])
    assert (done.exit_code, "--dry-run lists the names" in done.stderr) == (2, True)


def test_a_folder_without_labels_is_wrong_usage(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(tmp_path)])
    assert (done.exit_code, "labels.json" in done.stderr) == (2, True)
