"""The languages that a caller may name where the contract asks for one; the recognizer reads all of them at once."""

import dataclasses

from ocr_core.errors import BadOption


@dataclasses.dataclass(frozen=True)
class Languages:
    """Names of languages.

    Attributes:
        names: One for each language, for people.
        known: All that is accepted, in small letters: names and codes.
    """

    names: tuple[str, ...]
    known: frozenset[str]

    @classmethod
    def parse(cls, written: str) -> "Languages":
        """Read the languages of a configuration.

        Args:
            written: Between two commas, one language: its name, then what else it is called.

        >>> Languages.parse("english en, chinese ch zh").names
        ('english', 'chinese')
        """
        languages = [words for language in written.lower().split(",") if (words := language.split())]
        return cls(tuple(words[0] for words in languages), frozenset(word for words in languages for word in words))

    def check(self, asked: bytes) -> None:
        """Check that a language is among these. What follows its first subtag (`en-GB`, `chinese_cht`) does not matter.

        Args:
            asked: UTF-8.

        Raises:
            BadOption: It is not.
        """
        name = asked.decode(errors="replace").lower()
        if not {name, name.replace("_", "-").split("-")[0]} & self.known:
            raise BadOption(f"lang_type is {name[:40]!r}; this server reads {', '.join(self.names)}")
