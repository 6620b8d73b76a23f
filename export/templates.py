"""The project's configurations and Python steps, copied into a user's model repository and kept up to date there."""

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path

from export.manifest import FILE_NAME, Manifest, digest
from export.transaction import Transaction

TEMPLATE = Path(__file__).parent.parent / "model_repository"
# The model whose version directories hold the manifests.
MANIFEST_MODEL = "ocr_ensemble"


def template_models() -> list[str]:
    """Names of the models that the project has: the ensemble, its steps, and what they call."""
    return sorted(config.parent.name for config in TEMPLATE.glob("*/config.pbtxt"))


@dataclasses.dataclass(frozen=True)
class Templates:
    """The project's files in a model repository.

    Attributes:
        root: The repository's folder: a user's own, or the project's, where copies and originals are the same files.
    """

    root: Path

    @property
    def configs(self) -> dict[str, str]:
        """Path in the repository → SHA-256, of the project's configurations."""
        files = sorted(TEMPLATE.glob("**/*.pbtxt"))
        return {file.relative_to(TEMPLATE).as_posix(): digest(file) for file in files}

    def refresh_configs(self, transaction: Transaction, *, force: bool) -> list[str]:
        """Bring configurations up to date; those that the user has edited stay, unless `force` is given.

        Returns:
            Paths in the repository of edited configurations that stayed though the project's own have changed.
        """
        kept, written = [], self._written()
        for name in sorted(written.keys() | self.configs):
            template, copy, known = digest(TEMPLATE / name), digest(self.root / name), written.get(name, set())
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
        for model in template_models():
            transaction.make_folder(self.root / model / str(version))
        for step in TEMPLATE.glob("*/1/model.py"):
            place = self.root / step.parent.parent.name / str(version) / step.name
            if digest(step) != digest(place):
                _copy(step, place, transaction)

    def refresh_other_steps(self, transaction: Transaction, version: int) -> None:
        """Bring the Python steps of all versions but this one up to date.

        All share one configuration and one `ocr_core`: whoever goes back to a version goes back to its weights.
        """
        for step in TEMPLATE.glob("*/1/model.py"):
            for place in sorted(self.root.glob(f"{step.parent.parent.name}/[1-9]*/{step.name}")):
                if place.parent.name != str(version) and digest(step) != digest(place):
                    _copy(step, place, transaction)

    def stage_steps(self, staged: Mapping[str, Path]) -> None:
        """Copy the Python steps into folders that will become version directories, by the names of their models."""
        for step in TEMPLATE.glob("*/1/model.py"):
            shutil.copy(step, staged[step.parent.parent.name])

    def _written(self) -> dict[str, set[str]]:
        """Path of each configuration → SHA-256 of every form in which the exporter has written it here."""
        written: dict[str, set[str]] = {}
        for file in self.root.glob(f"{MANIFEST_MODEL}/[0-9]*/{FILE_NAME}"):
            manifest = Manifest.load(file)
            for name, written_digest in manifest.configs.items() if manifest else ():
                written.setdefault(name, set()).add(written_digest)
        return written

    def _renew(self, name: str, transaction: Transaction, keep: Path | None = None) -> None:
        """Make a configuration the project's own, which may be that there is none any more."""
        if (TEMPLATE / name).exists():
            _copy(TEMPLATE / name, self.root / name, transaction, keep)
        elif (self.root / name).exists():
            transaction.remove(self.root / name, keep)


def _copy(template: Path, place: Path, transaction: Transaction, keep: Path | None = None) -> None:
    transaction.make_folder(place.parent)
    shutil.copy(template, transaction.stage(place))
    transaction.replace(place, keep)
