"""Version directories of the model repository: each written whole beside its place, then renamed into it."""

import dataclasses
import shutil
from pathlib import Path

import onnx

from export.contract import DetectorExport, RecognizerExport
from ocr_core import ctc

TEMPLATE = Path(__file__).parent.parent / "model_repository"
MODEL_FILE = "model.onnx"
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
        """What the exporter noted in a model's file, without the prefix; empty where there is none."""
        file = self.root / model / str(self.version) / MODEL_FILE
        if not file.exists():
            return {}
        entries = onnx.load(file, load_external_data=False).metadata_props
        return {e.key.removeprefix(PREFIX): e.value for e in entries if e.key.startswith(PREFIX)}

    def write(self, detector: DetectorExport, recognizer: RecognizerExport) -> None:
        """Write a detector, a recogniser, and what they ask of the steps around them."""
        self._copy_template()
        detection = self._stage("text_detection")
        onnx.save(detector.graph, detection / MODEL_FILE)
        recognition = self._stage("text_recognition")
        onnx.save(recognizer.graph, recognition / MODEL_FILE)
        cropping = self._stage("text_cropping")
        recognizer.geometry.save(cropping)
        decoding = self._stage("ctc_decoding")
        ctc.save_characters(decoding, recognizer.characters)
        recognizer.geometry.save(decoding)
        for staged in (
            self._stage("image_preprocessing"),
            self._stage("ocr_ensemble"),
            detection,
            recognition,
            cropping,
            decoding,
        ):
            _replace(staged, staged.parent / str(self.version))

    def _copy_template(self) -> None:
        """Configurations and Python code, where the repository is not the project's own and has none yet."""
        for config in TEMPLATE.glob("*/config.pbtxt"):
            target = self.root / config.parent.name
            target.mkdir(parents=True, exist_ok=True)
            if not (target / config.name).exists():
                shutil.copy(config, target)

    def _stage(self, model: str) -> Path:
        """A new folder beside the version directory, with the model's Python code if it has any."""
        staged = self.root / model / f".{self.version}.part"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        for code in (TEMPLATE / model / "1").glob("model.py"):
            shutil.copy(code, staged)
        return staged


def _replace(new: Path, place: Path) -> None:
    """Rename a folder into its place; what stood there goes away only then."""
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)
