"""The project's configurations and Python steps, copied into a user's model repository and kept up to date there."""

import dataclasses
import enum
import shutil
from collections.abc import Mapping
from pathlib import Path

from export.manifest import FILE_NAME, Manifest, digest
from export.transaction import Transaction

TEMPLATE = Path(__file__).parent.parent / "model_repository"
# The model whose version directories hold the manifests.
MANIFEST_MODEL = "ocr_ensemble"


class Change(enum.Enum):
    """What becomes of a user's copy of a configuration."""

    NONE = enum.auto()
    REFRESH = enum.auto()
    KEEP_EDITED = enum.auto()
    REPLACE_EDITED = enum.auto()


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
        kept = []
        for name in self.configs:
            change = self._change(name, force)
            if change is Change.KEEP_EDITED:
                kept.append(name)
            elif change is not Change.NONE:
                keep = self.root / f"{name}.old" if change is Change.REPLACE_EDITED else None
                _copy(TEMPLATE / name, self.root / name, transaction, keep)
        return kept

    def refresh_steps(self, transaction: Transaction, version: int) -> None:
        """Bring the Python steps of a version up to date."""
        for step in TEMPLATE.glob("*/1/model.py"):
            place = self.root / step.parent.parent.name / str(version) / step.name
            if digest(step) != digest(place):
                _copy(step, place, transaction)

    def stage_steps(self, staged: Mapping[str, Path]) -> None:
        """Copy the Python steps into folders that will become version directories, by the names of their models."""
        for step in TEMPLATE.glob("*/1/model.py"):
            shutil.copy(step, staged[step.parent.parent.name])

    def _change(self, name: str, force: bool) -> Change:
        template, copy = digest(TEMPLATE / name), digest(self.root / name)
        if copy == template:
            return Change.NONE
        manifests = map(Manifest.load, self.root.glob(f"{MANIFEST_MODEL}/[0-9]*/{FILE_NAME}"))
        written = {manifest.configs.get(name) for manifest in manifests if manifest}
        if not copy or copy in written:
            return Change.REFRESH
        if force:
            return Change.REPLACE_EDITED
        return Change.NONE if template in written else Change.KEEP_EDITED


def _copy(template: Path, place: Path, transaction: Transaction, keep: Path | None = None) -> None:
    transaction.make_folder(place.parent)
    shutil.copy(template, transaction.stage(place))
    transaction.replace(place, keep)
