"""What an export was made from decides whether the next run has anything to do."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import onnxruntime as ort
import pytest

from export import provenance, templates
from export.transaction import Transaction
from tests.export.conftest import Run
from tests.project import ROOT

CONFIG = Path("text_detection", "config.pbtxt")
STEP = Path("text_cropping", "1", "model.py")
GRAPH = Path("text_detection", "1", "model.onnx")

pytestmark = pytest.mark.usefixtures("quickly")


@pytest.fixture
def root(tmp_path: Path, export_into: Run, quickly: object) -> Path:  # noqa: ARG001 - comes first
    """A repository that has just been exported."""
    folder = tmp_path / "repository"
    assert export_into(folder).exit_code == 0
    return folder


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's configurations and steps in a newer version: one of each has a line more."""
    newer = tmp_path / "template"
    for file in (*templates.TEMPLATE.glob("**/*.pbtxt"), *templates.TEMPLATE.glob("*/1/model.py")):
        copy = newer / file.relative_to(templates.TEMPLATE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    for changed in (CONFIG, STEP):
        with (newer / changed).open("a") as text:
            text.write("# newer\n")
    monkeypatch.setattr(templates, "TEMPLATE", newer)
    return newer


def is_exported_anew(root: Path, export_into: Run, *arguments: object) -> bool:
    """Whether the next run writes the graphs again."""
    before = (root / GRAPH).stat().st_mtime_ns
    result = export_into(root, *arguments)
    assert result.exit_code == 0, result.output
    anew = (root / GRAPH).stat().st_mtime_ns != before
    assert ("already" not in result.stderr) == anew
    return anew


def test_nothing_has_changed(root: Path, export_into: Run) -> None:
    assert not is_exported_anew(root, export_into)


def imported() -> Iterator[Path]:
    """The files of this project that the exporter has imported."""
    for name, module in sys.modules.items():
        if name.split(".")[0] in ("export", "ocr_core") and getattr(module, "__file__", None):
            yield Path(str(module.__file__))


def test_everything_that_decides_counts() -> None:
    files = set(provenance.deciding_files())
    assert set(imported()) <= files
    parts = ("export/cpu.py", "export/torch_networks/resnet_ctc.py", "ocr_core/crops.py", "samples/street.jpg")
    assert {ROOT / part for part in parts} <= files


@pytest.mark.parametrize("name", ["crops.py", "street.jpg"])
def test_a_change_of_the_code_or_of_a_sample_exports_anew(
    root: Path, export_into: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    files = provenance.deciding_files()
    (changed,) = (file for file in files if file.name == name)
    copy = tmp_path / name
    copy.write_bytes(changed.read_bytes())
    monkeypatch.setattr(provenance, "deciding_files", lambda: [copy if file == changed else file for file in files])
    assert not is_exported_anew(root, export_into)
    copy.write_bytes(changed.read_bytes() + b"\n")
    assert is_exported_anew(root, export_into)


def test_another_onnx_runtime_exports_anew(root: Path, export_into: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort, "__version__", "9.9.9")
    assert is_exported_anew(root, export_into)


def test_another_precision_exports_anew(root: Path, export_into: Run) -> None:
    assert is_exported_anew(root, export_into, "--cpu-precision", "float32")


@pytest.mark.parametrize("file", ["text_recognition/1/model.cpu.onnx", "text_cropping/1/detector.json"])
@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"{}")])
def test_a_missing_or_changed_file_exports_anew(root: Path, export_into: Run, file: str, damage: object) -> None:
    assert callable(damage)
    damage(root / file)
    assert is_exported_anew(root, export_into)


@pytest.mark.parametrize("content", ["", "{}", '{"inputs": 1, "files": 2, "configs": 3}'])
def test_a_manifest_that_cannot_be_read_exports_anew(root: Path, export_into: Run, content: str) -> None:
    (root / "ocr_ensemble" / "1" / "export.json").write_text(content)
    assert is_exported_anew(root, export_into)


def test_the_next_export_repairs_one_that_was_killed(
    root: Path, export_into: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed, it takes nothing back: some folders are new, others old, and the manifest is the old one."""
    replace, leave = Transaction.replace, Transaction.__exit__

    def stop_before_the_last(self: Transaction, place: Path, keep: Path | None = None) -> None:
        if place.parent.name == "ocr_ensemble":
            raise KeyboardInterrupt
        replace(self, place, keep)

    def take_nothing_back(
        self: Transaction, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not KeyboardInterrupt:
            leave(self, kind, error, trace)

    with monkeypatch.context() as killed:
        killed.setattr(Transaction, "replace", stop_before_the_last)
        killed.setattr(Transaction, "__exit__", take_nothing_back)
        assert export_into(root, "--cpu-precision", "float32").exit_code != 0
    assert is_exported_anew(root, export_into, "--cpu-precision", "float32")
    assert not list(root.glob("**/.*"))


def test_a_newer_step_and_configuration_come_without_a_new_export(root: Path, export_into: Run, template: Path) -> None:
    assert not is_exported_anew(root, export_into)
    for file in (CONFIG, STEP):
        assert (root / file).read_bytes() == (template / file).read_bytes()
    assert not list(root.glob("**/.*"))


def test_a_forced_export_brings_them_too(root: Path, export_into: Run, template: Path) -> None:
    assert is_exported_anew(root, export_into, "--force")
    for file in (CONFIG, STEP):
        assert (root / file).read_bytes() == (template / file).read_bytes()
    assert not list(root.glob("**/*.old"))


def edit(config: Path) -> str:
    text = config.read_text() + "# mine\n"
    config.write_text(text)
    return text


def test_an_edited_configuration_stays_and_nothing_is_said_while_the_projects_is_the_same(
    root: Path, export_into: Run
) -> None:
    mine = edit(root / CONFIG)
    assert "Kept" not in export_into(root).stderr
    assert (root / CONFIG).read_text() == mine


def test_an_edited_configuration_stays_and_is_reported_once_when_the_projects_changes(
    root: Path, export_into: Run, template: Path
) -> None:
    mine = edit(root / CONFIG)
    lines = export_into(root).stderr.splitlines()
    (told,) = (line for line in lines if line.startswith("Kept"))
    assert told.startswith(f"Kept {CONFIG}, which you have edited; the project's own has changed")
    assert str(template / CONFIG) in told
    assert "Kept" not in export_into(root).stderr
    assert (root / CONFIG).read_text() == mine


@pytest.mark.usefixtures("template")
def test_force_replaces_an_edited_configuration_and_keeps_it_beside(
    root: Path, export_into: Run, template: Path
) -> None:
    mine = edit(root / CONFIG)
    assert "Kept" not in export_into(root, "--force").stderr
    assert (root / CONFIG).read_bytes() == (template / CONFIG).read_bytes()
    assert (root / f"{CONFIG}.old").read_text() == mine


def test_another_version_knows_what_the_first_has_written(root: Path, export_into: Run, template: Path) -> None:
    """An unedited configuration is refreshed, whichever version it came with, and the steps of all versions with it."""
    assert "Kept" not in export_into(root, "--version", 2).stderr
    assert (root / CONFIG).read_bytes() == (template / CONFIG).read_bytes()
    assert (root / STEP).read_bytes() == (template / STEP).read_bytes()
    assert (root / "text_cropping" / "2" / "model.py").read_bytes() == (template / STEP).read_bytes()
    assert not is_exported_anew(root, export_into)  # of version 1


def test_a_model_that_is_new_and_has_no_files_gets_its_version(root: Path, export_into: Run) -> None:
    """Triton loads no model without one, an ensemble neither."""
    (root / "ocr" / "1").rmdir()
    (root / "ocr" / "config.pbtxt").unlink()
    assert not is_exported_anew(root, export_into)
    assert (root / "ocr" / "1").is_dir()
    assert (root / "ocr" / "config.pbtxt").exists()


def test_a_configuration_that_the_project_has_given_up_goes_unless_it_is_edited(
    root: Path, export_into: Run, template: Path
) -> None:
    given_up = [Path("text_detection", "configs", "gpu.pbtxt"), Path("text_recognition", "configs", "gpu.pbtxt")]
    for config in given_up:
        (template / config).unlink()
    mine = edit(root / given_up[1])
    assert f"Kept {given_up[1]}" in export_into(root).stderr
    assert not (root / given_up[0]).exists()
    assert (root / given_up[1]).read_text() == mine
    assert not list(root.glob("**/.*"))
