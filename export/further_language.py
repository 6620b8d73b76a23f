"""The recognizer of a further language, beside the default pair in a model repository."""

import dataclasses
import re
from pathlib import Path

from export.build import Built
from export.contract import RECOGNIZER_MODEL
from export.errors import ExportError
from export.manifest import FILE_NAME, Inputs, Manifest, digests
from export.repository import ModelRepository, cannot_write, save_forms
from export.templates import CALLER, MANIFEST_MODEL, Templates, naming, recognizer_for
from export.transaction import Transaction
from ocr_core import exported
from ocr_core.errors import NotExported
from ocr_core.options import WORDS
from ocr_core.recognizer import Recognizer, file_name

# As requests may ask for it.
MAX_CHARACTERS = WORDS["language"]
LANGUAGE = re.compile(f"[a-z][a-z0-9-]{{0,{MAX_CHARACTERS - 1}}}")


@dataclasses.dataclass(frozen=True)
class FurtherLanguage:
    """A version of a model repository, and the language whose recognizer is written or read.

    Attributes:
        root: Its folder.
        version: Number of the version directories.
        language: What requests call it.
    """

    root: Path
    version: int
    language: str

    @property
    def templates(self) -> Templates:
        """The project's files in the repository."""
        return self._beside.templates

    def check(self) -> None:
        """Check that there is a default pair, and that no service is called so.

        Raises:
            ExportError: It is not so.
        """
        if (self.root / f"{MANIFEST_MODEL}_{self.language}").exists():
            raise ExportError(f"{self.language} is a service here, whose recognizer is {recognizer_for(self.language)}")
        self._load_default()

    def holds(self, inputs: Inputs) -> bool:
        """Whether the recognizer was made from just this, and its files are as they were written."""
        manifest = Manifest.load(self._folder / FILE_NAME)
        return manifest is not None and manifest.is_of(inputs, self.root)

    def write(self, built: Built, inputs: Inputs, *, force: bool = False) -> list[str]:
        """Write the recognizer, what CTC decoding must know of it, and the configurations that name it.

        Args:
            built: The recognizer, for text_recognition.
            inputs: What it was made from.
            force: Replace configurations that the user has edited.

        Returns:
            As `ModelRepository.write`.

        Raises:
            ExportError: The default pair takes other crops; or the disk does not take it. All is then as it was before.
        """
        self._check_crops(built.recognizer.recognizer)
        try:
            with Transaction() as transaction:
                transaction.make_folder(self._folder.parent)
                staged, characters = transaction.stage(self._folder), transaction.stage(self._characters)
                staged.mkdir()
                save_forms(built.forms[RECOGNIZER_MODEL], staged)
                exported.write(built.recognizer.recognizer, characters)
                written = {self._folder / file.name: file for file in staged.iterdir()} | {self._characters: characters}
                Manifest(inputs, digests(self.root, written), configs={}).save(staged / FILE_NAME)
                transaction.replace(self._characters)
                transaction.replace(self._folder)
        except OSError as error:
            raise cannot_write(self.root, error) from error
        return self.refresh(force=force)

    def refresh(self, *, force: bool = False) -> list[str]:
        """Bring the repository's configurations up to date, as `ModelRepository.refresh`.

        Raises:
            ExportError: Likewise; or CTC decoding's is the user's own and does not name the recognizer.
        """
        kept = self._beside.refresh(force=force)
        config = self.root / CALLER / "config.pbtxt"
        if f'"recognizer.{self.language}"' not in config.read_text(encoding="utf-8"):
            raise ExportError(
                f"the recognizer is there, but you have edited {config}, which does not name it; add the line "
                + naming(self.language).rstrip()
            )
        return kept

    @property
    def _beside(self) -> ModelRepository:
        return ModelRepository(self.root, self.version)

    def _load_default(self) -> Recognizer:
        try:
            return Recognizer.load(self.root / CALLER / str(self.version))
        except NotExported as error:
            raise ExportError(
                f"{self.root} has no default pair in version {self.version}, beside which this recognizer would read; "
                "export that first, without --language"
            ) from error

    @property
    def _folder(self) -> Path:
        return self.root / recognizer_for(self.language) / str(self.version)

    @property
    def _characters(self) -> Path:
        return self.root / CALLER / str(self.version) / file_name(self.language)

    def _check_crops(self, recognizer: Recognizer) -> None:
        """Check that the recognizer takes what the default one does.

        Raises:
            ExportError: It does not.
        """
        if recognizer.crops != (crops := self._load_default().crops):
            raise ExportError(
                f"the recognizer for {self.language} takes crops of {recognizer.crops}, the default one of {crops} "
                "(height, least and greatest width, padding); they share the crops of a page"
            )
