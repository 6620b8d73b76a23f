"""Version directories of the model repository: each written whole beside its place, then renamed into it."""

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

import onnx

from export.build import Built, Forms
from export.contract import RECOGNIZER_MODEL
from export.errors import ExportError
from export.manifest import FILE_NAME, Inputs, Manifest, digests
from export.templates import MANIFEST_MODEL, Templates, recognizer_for
from export.transaction import Transaction
from ocr_core.recognizer import FILE_NAME as RECOGNIZER_FILE

# What the launcher takes on CPUs without VNNI: the network in float32.
MODEL_FILE = "model.onnx"
# What the configurations for CPUs name: the same network, perhaps in int8.
CPU_MODEL_FILE = "model.cpu.onnx"
# What TensorRT takes: the same network, perhaps in float16.
GPU_MODEL_FILE = "model.gpu.onnx"
# What ONNX Runtime's CUDA provider takes: the same network in fixed shapes.
CUDA_MODEL_FILE = "model.cuda.onnx"
# Who reads detector.json and recognizer.json.
DETECTOR_STEPS = ("image_preprocessing", "text_cropping")
RECOGNIZER_STEPS = ("text_cropping", "ctc_decoding")


@dataclasses.dataclass(frozen=True)
class ModelRepository:
    """A model repository and the version that is written or read.

    Attributes:
        root: Its folder.
        version: Number of the version directories.
        service: Whose models are written or read; by default those of `ocr_ensemble`.
    """

    root: Path
    version: int
    service: str = ""

    @property
    def templates(self) -> Templates:
        """The project's files in it."""
        return Templates(self.root, self.service, () if self.service else languages_in(self.root))

    @property
    def manifest(self) -> Manifest | None:
        """What was exported into this version; None if nothing was, or not to the end."""
        return Manifest.load(self._folder(MANIFEST_MODEL) / FILE_NAME)

    def check(self) -> None:
        """Check that no language is called as the service.

        Raises:
            ExportError: One is.
        """
        if self.service in languages_in(self.root):
            raise ExportError(f"{self.service} is a language here, whose recognizer is {recognizer_for(self.service)}")

    def holds(self, inputs: Inputs) -> bool:
        """Whether this version was made from just these inputs, and all its files are as they were written."""
        manifest = self.manifest
        return manifest is not None and manifest.is_of(inputs, self.root)

    def write(
        self,
        built: Built,
        inputs: Inputs,
        *,
        force: bool = False,
    ) -> list[str]:
        """Write a detector, a recognizer, and what they ask of the steps around them.

        Args:
            built: Both, for text_detection and text_recognition.
            inputs: What all this was made from.
            force: Replace configurations that the user has edited.

        Returns:
            Edited configurations that stayed though the project's own have changed.

        Raises:
            ExportError: The disk does not take it. All is then as it was before.
        """
        # In the order in which they are put into place. The one with the manifest comes last: an export that broke off
        # before is not taken for done.
        templates = self.templates
        models = templates.models
        try:
            with Transaction() as transaction:
                kept = templates.refresh_configs(transaction, force=force)
                templates.refresh_other_steps(transaction, self.version)
                staged = {model: self._stage(model, transaction) for model in models}
                for model, forms in built.forms.items():
                    save_forms(forms, staged[model])
                for step in DETECTOR_STEPS:
                    built.detector.detector.save(staged[step])
                for step in RECOGNIZER_STEPS:
                    built.recognizer.recognizer.save(staged[step])
                Manifest(inputs, self._digests(staged), templates.configs).save(staged[MANIFEST_MODEL] / FILE_NAME)
                templates.stage_steps(staged)
                for step in RECOGNIZER_STEPS:
                    self._keep_languages(step, staged[step])
                for model in models:
                    transaction.replace(self._folder(model))
        except OSError as error:
            raise cannot_write(self.root, error) from error
        return kept

    def refresh(self, *, force: bool = False) -> list[str]:
        """Bring configurations and Python steps up to date, where the weights and what is made of them are so already.

        Args:
            force: As for `write`.

        Returns:
            As for `write`.

        Raises:
            ExportError: As for `write`.
        """
        templates, manifest = self.templates, self.manifest
        try:
            with Transaction() as transaction:
                kept = templates.refresh_configs(transaction, force=force)
                templates.refresh_steps(transaction, self.version)
                templates.refresh_other_steps(transaction, self.version)
                if manifest and manifest.configs != templates.configs:
                    place = self._folder(MANIFEST_MODEL) / FILE_NAME
                    dataclasses.replace(manifest, configs=templates.configs).save(transaction.stage(place))
                    transaction.replace(place)
        except OSError as error:
            raise cannot_write(self.root, error) from error
        return kept

    def _folder(self, model: str) -> Path:
        return self.root / self.templates.named(model) / str(self.version)

    def _stage(self, model: str, transaction: Transaction) -> Path:
        staged = transaction.stage(self._folder(model))
        staged.mkdir()
        return staged

    def _keep_languages(self, step: str, staged: Path) -> None:
        """Take along what is there of further languages, from this version or else from the newest."""
        place = self._folder(step)
        versions = [folder for folder in place.parent.glob("*") if folder.name.isdecimal()]
        newest = max(versions, key=lambda folder: int(folder.name), default=place)
        for file in (place if place in versions else newest).glob(f"{Path(RECOGNIZER_FILE).stem}.*.json"):
            shutil.copy(file, staged)

    def _digests(self, staged: Mapping[str, Path]) -> dict[str, str]:
        files = ((self._folder(model), file) for model, folder in staged.items() for file in sorted(folder.iterdir()))
        return digests(self.root, {place / file.name: file for place, file in files})


def languages_in(root: Path) -> tuple[str, ...]:
    """The further languages whose recognizers were exported into a repository, in alphabetical order."""
    manifests = root.glob(f"{recognizer_for('*')}/[0-9]*/{FILE_NAME}")
    return tuple(sorted({manifest.parts[-3].removeprefix(f"{RECOGNIZER_MODEL}_") for manifest in manifests}))


def save_forms(forms: Forms, folder: Path) -> None:
    """Write a network for each kind of processor."""
    onnx.save(forms.floats, folder / MODEL_FILE)
    onnx.save(forms.cpu, folder / CPU_MODEL_FILE)
    onnx.save(forms.gpu, folder / GPU_MODEL_FILE)
    onnx.save(forms.cuda, folder / CUDA_MODEL_FILE)


def cannot_write(root: Path, error: OSError) -> ExportError:
    """What to say where a repository's disk does not take it."""
    return ExportError(f"cannot write into {root}: {error.strerror or error}")
