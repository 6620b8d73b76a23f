"""Where a file comes from and how it is recognised: one table of a sources.toml each."""

import dataclasses
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclasses.dataclass(frozen=True)
class Source:
    """One file in a wheel of a package registry, or at a web address.

    Attributes:
        name: The table's name in sources.toml.
        licence: SPDX expression of the file's licence.
        homepage: Where its authors describe it.
        sha256: Of the file itself.
        size: Of the file itself, bytes.
        package: Name of the registry's package, or empty.
        version: The package's version.
        wheel_sha256: Of the package's wheel.
        member: Path of the file inside the wheel; empty for the whole wheel.
        url: Web address, for what no package has.
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

    @property
    def origin(self) -> str:
        """What a person would call the place: `rapidocr 3.10.0, rapidocr/models/…` or the address."""
        return self.url or f"{self.package} {self.version}, {self.member}".removesuffix(", ")


def read_sources(table: Path) -> dict[str, Source]:
    """Read a sources.toml: name → source."""
    entries = tomllib.loads(table.read_text(encoding="utf-8"))
    return {name: Source(name=name, **entry) for name, entry in entries.items()}
