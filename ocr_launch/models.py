"""The models that a server is given: a folder that is written for this machine, or an address as it stands."""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

from ocr_launch import control, layout, profiles
from ocr_launch.errors import StartError
from ocr_launch.followed import Followed
from ocr_launch.layout import Change, Layout
from ocr_launch.names import ENSEMBLES
from ocr_launch.published import Published
from ocr_launch.repository import Repository
from ocr_launch.served import Served

ALL = ("*",)


@dataclasses.dataclass(frozen=True)
class Models:
    """What Triton is told of them.

    Attributes:
        place: Folder or address that Triton has them from.
        flags: Of tritonserver, beside that.
        kept: What keeps the folder in step with exports and operators; None where nothing is to be kept so.
        sentence: For people.
        ensembles: That callers may ask.
    """

    place: str
    flags: Sequence[str]
    kept: Served | Followed | None
    sentence: str
    ensembles: tuple[str, ...] = ENSEMBLES


@dataclasses.dataclass(frozen=True)
class Source:
    """Where the models come from, and who says which of them are loaded.

    Attributes:
        place: Folder or address.
        version: To start with; None is the newest.
        mode: One of `control.MODES`.
    """

    place: str
    version: int | None = None
    mode: str = control.EXPLICIT

    def prepare(self, chosen: Layout, folder: Path, change: Change | None = None) -> Models:
        """Write what Triton is to serve.

        Args:
            chosen: What configurations are to say; those at an address stay as they are.
            folder: Where to; it must not be there yet.
            change: Further changes of each configuration, for benchmarks.

        Raises:
            StartError: The models are not there as a whole, or cannot be written.
        """
        if "://" in self.place:
            return self._at_an_address(chosen)
        repository = Repository(Path(self.place), self.version)
        sentence = f"{chosen} Models from {self.place}, version {repository.version}."
        flags = control.flags(self.mode, repository.loaded)
        if self.mode == control.POLL and chosen.profile.name != profiles.CONFIGURED:
            followed = self._publish(repository, chosen, folder)
            return Models(str(folder), flags, followed, sentence, repository.ensembles)
        root = layout.arrange(repository, chosen, folder, change)
        is_ours = root == folder and self.mode == control.EXPLICIT
        served = Served(repository, root) if is_ours else None
        return Models(str(root), flags, served, sentence, repository.ensembles)

    def _at_an_address(self, chosen: Layout) -> Models:
        if self.version:
            raise StartError(
                f"version {self.version} cannot be chosen at {self.place}: there, the configurations name it; publish "
                "them with `python -m ocr_launch.publish`"
            )
        profile = chosen.profile
        named = [f"--model-config-name={profile.name}"] if profile.name in profiles.ON_GPU else []
        sentence = f"Profile {profile.name}: {profile.reason}. Models from {self.place}, configured as they are."
        return Models(self.place, [*control.flags(self.mode, ALL), *named], None, sentence)

    def _publish(self, repository: Repository, chosen: Layout, folder: Path) -> Followed | None:
        """Publish the version to start with; it is followed by newer ones, unless it was asked for."""
        shutil.rmtree(folder, ignore_errors=True)
        published = Published(repository.root, chosen, folder)
        published.add(repository.version, repository.inner)
        published.serve(repository.version)
        return None if self.version else Followed(repository, published)
