"""The recognizers of a server: the default one, and those of languages that a request may ask for.

They share the detector and the crops, so all of them take crops of the same sizes.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from ocr_core.errors import BadOption, NotExported
from ocr_core.options import DEFAULT_LANGUAGE
from ocr_core.recognizer import Recognizer


@dataclasses.dataclass(frozen=True)
class Recognizers:
    """What the options `language` may be, and who reads then.

    Attributes:
        models: Names of the models that run the recognizers, by language; the default one is among them.
        recognizers: What they take and give, by language.
    """

    models: Mapping[str, str]
    recognizers: Mapping[str, Recognizer]

    @classmethod
    def load(cls, version_directory: Path, models: Mapping[str, str]) -> "Recognizers":
        """Read `recognizer.json`, and `recognizer.LANGUAGE.json` of each other language.

        Args:
            version_directory: Of the step that calls the models.
            models: As the attribute.

        Raises:
            NotExported: A file is missing or wrong, or a recognizer takes other crops than the default one.
        """
        read = {language: Recognizer.load(version_directory, language) for language in models}
        default = read[DEFAULT_LANGUAGE]
        for language, recognizer in read.items():
            if recognizer.crops != default.crops:
                raise NotExported(
                    f"the recognizer for {language} takes crops of {recognizer.crops}, the default one of "
                    f"{default.crops}; they share the crops, so both must be of the same"
                )
        return cls(models, read)

    def of(self, language: str) -> tuple[str, Recognizer]:
        """The model that reads a language, and what it takes and gives.

        Raises:
            BadOption: None does.
        """
        if language not in self.models:
            raise BadOption(f"language is {language!r}; this server has {', '.join(self.models)}")
        return self.models[language], self.recognizers[language]
