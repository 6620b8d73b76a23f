"""Where a file comes from and how it is recognized: one table of a sources.toml each."""

import dataclasses
import hashlib
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclasses.dataclass(frozen=True)
class Source:
    """One file in a wheel of a package registry, at a web address, or on this machine.

    Attributes:
        name: The table's name in sources.toml.
        licence: SPDX expression of the file's licence.
        homepage: Where its authors describe it.
        sha256: Of the file itself; empty where nobody has published it.
        size: Of the file itself, bytes; roughly, where sha256 is empty.
        package: Name of the registry's package, or empty.
        version: The package's version.
        wheel_sha256: Of the package's wheel.
        member: Path of the file inside the wheel; empty for the whole wheel.
        url: Web address, for what no package has.
        file: Where it is on this machine, once that is known.
    """

    name: str
    licence: str
    homepage: str
    sha256: str
    size: int
    package: str = ""
    version: str = ""
    wheel_sha256: str = ""
    member: str = ""
    url: str = ""
    file: Path | None = None

    @property
    def origin(self) -> str:
        """What a person would call the place: `rapidocr 3.10.0, rapidocr/models/…`, the address, or the file's name."""
        if self.package:
            return f"{self.package} {self.version}, {self.member}".removesuffix(", ")
        return self.url or (self.file.name if self.file else "")

    def given(self, file: Path) -> "Source":
        """The same thing out of a file of the user's own, which is taken as it is.

        Raises:
            OSError: The file cannot be read.
        """
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return Source(self.name, self.licence, self.homepage, sha256=digest, size=len(content), file=file)


def read_sources(table: Path) -> dict[str, Source]:
    """Read a sources.toml: name → source."""
    entries = tomllib.loads(table.read_text(encoding="utf-8"))
    return {name: Source(name=name, **entry) for name, entry in entries.items()}
