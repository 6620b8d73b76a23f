"""Version directories of the model repository: each written whole beside its place, then renamed into it."""

import dataclasses
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import onnx
from onnx import ModelProto

from export.contract import DetectorExport, RecognizerExport
from export.errors import ExportError

TEMPLATE = Path(__file__).parent.parent / "model_repository"
MODEL_FILE = "model.onnx"
# What the configurations for CPUs name: the same network, perhaps in 8 bits.
CPU_MODEL_FILE = "model.cpu.onnx"
# In the order in which they are put into place. Those that tell what was exported come last: an export that broke off
# before is not taken for done.
MODELS = (
    "ocr_ensemble",
    "image_preprocessing",
    "text_cropping",
    "ctc_decoding",
    "text_recognition",
    "text_detection",
)
# Who reads detector.json and recognizer.json.
DETECTOR_STEPS = ("image_preprocessing", "text_cropping")
RECOGNIZER_STEPS = ("text_cropping", "ctc_decoding")
# Keys of the provenance in an ONNX file's metadata begin with this.
PREFIX = "ocr_triton."


@dataclasses.dataclass(frozen=True)
class ModelRepository:
    """A model repository and the version that is written or read.

    Attributes:
        root: Its folder.
        version: Number of the version directories.
    """

    root: Path
    version: int

    def provenance(self, model: str) -> dict[str, str]:
        """What the exporter noted in a model's files, without the prefix; empty where one is missing."""
        folder = self.root / model / str(self.version)
        if not ((folder / MODEL_FILE).exists() and (folder / CPU_MODEL_FILE).exists()):
            return {}
        entries = onnx.load(folder / CPU_MODEL_FILE, load_external_data=False).metadata_props
        return {e.key.removeprefix(PREFIX): e.value for e in entries if e.key.startswith(PREFIX)}

    def write(
        self, detector: DetectorExport, recognizer: RecognizerExport, cpu_graphs: Mapping[str, ModelProto]
    ) -> None:
        """Write a detector, a recognizer, and what they ask of the steps around them.

        Args:
            detector: For text_detection.
            recognizer: For text_recognition.
            cpu_graphs: The forms of both for CPUs, by the names of their models.

        Raises:
            ExportError: The disk does not take it. All is then as it was before.
        """
        try:
            with ExitStack() as undo:  # in reverse order, unless all has gone well
                self._copy_template(undo)
                staged = {model: self._stage(model, undo) for model in MODELS}
                onnx.save(detector.graph, staged["text_detection"] / MODEL_FILE)
                onnx.save(recognizer.graph, staged["text_recognition"] / MODEL_FILE)
                for model, graph in cpu_graphs.items():
                    onnx.save(graph, staged[model] / CPU_MODEL_FILE)
                for step in DETECTOR_STEPS:
                    detector.detector.save(staged[step])
                for step in RECOGNIZER_STEPS:
                    recognizer.recognizer.save(staged[step])
                for new in staged.values():
                    _replace(new, new.parent / str(self.version), undo)
                undo.pop_all()
        except OSError as error:
            raise ExportError(f"cannot write into {self.root}: {error.strerror or error}") from error
        for model in MODELS:
            shutil.rmtree(_old(self.root / model / str(self.version)), ignore_errors=True)

    def _copy_template(self, undo: ExitStack) -> None:
        """Configurations and Python code, where the repository is not the project's own and has none yet."""
        for config in TEMPLATE.glob("**/*.pbtxt"):
            target = self.root / config.relative_to(TEMPLATE)
            _make_folder(target.parent, undo)
            if not target.exists():
                undo.callback(target.unlink, missing_ok=True)
                shutil.copy(config, target)

    def _stage(self, model: str, undo: ExitStack) -> Path:
        """A new folder beside the version directory, with the model's Python code if it has any."""
        staged = self.root / model / f".{self.version}.part"
        shutil.rmtree(staged, ignore_errors=True)
        undo.callback(shutil.rmtree, staged, ignore_errors=True)
        staged.mkdir()
        for code in (TEMPLATE / model / "1").glob("model.py"):
            shutil.copy(code, staged)
        return staged


def _make_folder(folder: Path, undo: ExitStack) -> None:
    if not folder.exists():
        _make_folder(folder.parent, undo)
        folder.mkdir()
        undo.callback(folder.rmdir)


def _replace(new: Path, place: Path, undo: ExitStack) -> None:
    """Rename a folder into its place; what stood there is kept beside it."""
    old = _old(place)
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
        undo.callback(old.rename, place)
    new.rename(place)
    undo.callback(place.rename, new)


def _old(place: Path) -> Path:
    return place.with_name(f".{place.name}.old")
