"""The project's configurations and Python steps, copied into a user's model repository and kept up to date there."""

import dataclasses
import hashlib
import re
import shutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from export.contract import RECOGNIZER_MODEL
from export.manifest import FILE_NAME, Manifest, digest
from export.transaction import Transaction

TEMPLATE = Path(__file__).parent.parent / "model_repository"
# The model whose version directories hold the manifests.
MANIFEST_MODEL = "ocr_ensemble"
# The step that calls the recognizers.
CALLER = "ctc_decoding"
# What stands before the ensemble, for callers with another contract: a further service goes without.
BEFORE = ("ocr", "pixel_packing")
SERVICE = re.compile("[a-z][a-z0-9]{0,30}")
# Languages may have been exported into the project's own folder.
NAMING = re.compile(rb'^parameters \{ key: "recognizer\.[^"]+" value \{ string_value: "[^"]+" \} \}\n', re.MULTILINE)


def template_models(root: Path = TEMPLATE) -> list[str]:
    """Names of the models that the project has: the ensemble, its steps, and what they call.

    Args:
        root: The project's repository. Further services and languages may have been exported into it: their models are
            named after these, such as text_recognition_ru.
    """
    models = sorted(config.parent.name for config in root.glob("*/config.pbtxt"))
    after = tuple(f"{model}_" for model in models if model not in BEFORE)
    return [model for model in models if not model.startswith(after)]


@dataclasses.dataclass(frozen=True)
class Templates:
    """The project's files in a model repository.

    Attributes:
        root: The repository's folder: a user's own, or the project's, where copies and originals are the same files.
        service: Of a further service; its models are named by it, and their configurations name each other so.
        languages: For each a further recognizer is there, text_recognition_LANGUAGE, which CTC decoding calls, too.
    """

    root: Path
    service: str = ""
    languages: tuple[str, ...] = ()

    @cached_property
    def models(self) -> tuple[str, ...]:
        """The project's names of the models, the one with the manifests last."""
        left_out = {MANIFEST_MODEL, *(BEFORE if self.service else ())}
        return (*(model for model in template_models() if model not in left_out), MANIFEST_MODEL)

    def named(self, model: str) -> str:
        """The name of a model here.

        >>> Templates(Path(), "signs").named("text_detection"), Templates(Path()).named("text_detection")
        ('text_detection_signs', 'text_detection')
        """
        return f"{model}_{self.service}" if self.service else model

    def origin(self, name: str) -> Path:
        """The project's own file for a configuration.

        Args:
            name: Its path in the repository.
        """
        model, _, inside = name.partition("/")
        if model in map(recognizer_for, self.languages):
            model = RECOGNIZER_MODEL
        return TEMPLATE / model.removesuffix(f"_{self.service}" if self.service else "") / inside

    @property
    def configs(self) -> dict[str, str]:
        """Path in the repository → SHA-256, of the project's configurations as they are to be here."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self._contents.items()}

    def refresh_configs(self, transaction: Transaction, *, force: bool) -> list[str]:
        """Bring configurations up to date; those that the user has edited stay, unless `force` is given.

        Returns:
            Paths in the repository of edited configurations that stayed though the project's own have changed.
        """
        kept, written, wanted = [], self._written(), self.configs
        for name in sorted(written.keys() | wanted):
            template, copy, known = wanted.get(name, ""), digest(self.root / name), written.get(name, set())
            if copy == template:
                continue
            if not copy or copy in known:
                self._renew(name, transaction)
            elif force:
                self._renew(name, transaction, keep=self.root / f"{name}.old")
            elif template not in known:
                kept.append(name)
        return kept

    def refresh_steps(self, transaction: Transaction, version: int) -> None:
        """Bring the Python steps of a version up to date. Models that are new and have no files have a folder, too."""
        for model in self.models:
            transaction.make_folder(self.root / self.named(model) / str(version))
        for model, step in self._steps.items():
            place = self.root / self.named(model) / str(version) / step.name
            if digest(step) != digest(place):
                _write(step.read_bytes(), place, transaction)

    def refresh_other_steps(self, transaction: Transaction, version: int) -> None:
        """Bring the Python steps of all versions but this one up to date.

        All share one configuration and one `ocr_core`: whoever goes back to a version goes back to its weights.
        """
        for model, step in self._steps.items():
            for place in sorted(self.root.glob(f"{self.named(model)}/[1-9]*/{step.name}")):
                if place.parent.name != str(version) and digest(step) != digest(place):
                    _write(step.read_bytes(), place, transaction)

    def stage_steps(self, staged: Mapping[str, Path]) -> None:
        """Copy the Python steps into folders that will become version directories, by the project's names."""
        for model, step in self._steps.items():
            shutil.copy(step, staged[model])

    @property
    def _steps(self) -> dict[str, Path]:
        """The project's name of a Python step → its code."""
        files = {model: TEMPLATE / model / "1" / "model.py" for model in self.models}
        return {model: file for model, file in files.items() if file.exists()}

    @cached_property
    def _contents(self) -> dict[str, bytes]:
        """Path in the repository → the configuration that the project has for it, with the names of here."""
        contents = {
            f"{self.named(model)}/{name}": self._renamed(config)
            for model in self.models
            for name, config in _configs(model).items()
        }
        for language in self.languages:
            model, ours = recognizer_for(language), f'"{RECOGNIZER_MODEL}"'.encode()
            for name, config in _configs(RECOGNIZER_MODEL).items():
                contents[f"{model}/{name}"] = config.replace(ours, f'"{model}"'.encode())
            contents[f"{CALLER}/config.pbtxt"] += naming(language).encode()
        return contents

    def _renamed(self, config: bytes) -> bytes:
        """Where a configuration names a model, it does so between quotation marks."""
        names = "|".join(self.models).encode()
        return re.sub(rb'"(%s)"' % names, lambda found: b'"%s"' % self.named(found[1].decode()).encode(), config)

    def _written(self) -> dict[str, set[str]]:
        """Path of each configuration → SHA-256 of every form in which the exporter has written it here."""
        written: dict[str, set[str]] = {}
        for file in self.root.glob(f"{self.named(MANIFEST_MODEL)}/[0-9]*/{FILE_NAME}"):
            manifest = Manifest.load(file)
            for name, written_digest in manifest.configs.items() if manifest else ():
                written.setdefault(name, set()).add(written_digest)
        return written

    def _renew(self, name: str, transaction: Transaction, keep: Path | None = None) -> None:
        """Make a configuration the project's own, which may be that there is none any more."""
        if name in self._contents:
            _write(self._contents[name], self.root / name, transaction, keep)
        elif (self.root / name).exists():
            transaction.remove(self.root / name, keep)


def recognizer_for(language: str) -> str:
    """The name of the model that reads a further language."""
    return f"{RECOGNIZER_MODEL}_{language}"


def naming(language: str) -> str:
    """What the configuration of `CALLER` says of a further language: a line, which `NAMING` finds."""
    return f'parameters {{ key: "recognizer.{language}" value {{ string_value: "{recognizer_for(language)}" }} }}\n'


def _configs(model: str) -> dict[str, bytes]:
    """The project's configurations of a model, by their paths in its folder, without what names further languages."""
    folder = TEMPLATE / model
    return {
        file.relative_to(folder).as_posix(): NAMING.sub(b"", file.read_bytes())
        for file in sorted(folder.glob("**/*.pbtxt"))
    }


def _write(content: bytes, place: Path, transaction: Transaction, keep: Path | None = None) -> None:
    transaction.make_folder(place.parent)
    transaction.stage(place).write_bytes(content)
    transaction.replace(place, keep)
