"""Labelled images.

A data set is a folder of images and `labels.json`: a list of `{"image": file name, "items": [{"quad":
[[x, y] x 4] in pixels, "text", "ignore": whether no one could read it}]}`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from ocr_client.results import Quad


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """An image and the truth about it.

    Attributes:
        path: The image.
        texts: What can be read in it.
        ignored: Regions that are not to be judged.
        quads: Where each of the texts is.
    """

    path: Path
    texts: tuple[str, ...]
    ignored: tuple[Quad, ...]
    quads: tuple[Quad, ...] = ()


def find_sets(folder: Path, option: str = "--set", names: Iterable[str] = ()) -> dict[str, Path]:
    """The data set that a folder is, or the data sets in it: name → folder, by name.

    Args:
        folder: One or the other.
        option: Where the names come from, for the message.
        names: Only these, in this order; all by default.

    Raises:
        click.UsageError: There are none, or none of a name.
    """
    found = [folder] if (folder / "labels.json").is_file() else sorted(_folders(folder))
    if not found:
        raise click.UsageError(f"neither {folder} nor a folder in it has a labels.json")
    sets = {path.name: path for path in found}
    names = list(names)
    if unknown := sorted(set(names) - set(sets)):
        raise click.UsageError(f"{option} names {', '.join(unknown)}; there are {', '.join(sets)}")
    return {name: sets[name] for name in names or sets}


def _folders(folder: Path) -> list[Path]:
    return [labels.parent for labels in folder.glob("*/labels.json")]


def read_set(folder: Path) -> list[LabelledImage]:
    """Read a data set's labels."""
    entries = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    return [
        LabelledImage(
            path=folder / entry["image"],
            texts=tuple(item["text"] for item in entry["items"] if not item["ignore"]),
            ignored=tuple(item["quad"] for item in entry["items"] if item["ignore"]),
            quads=tuple(item["quad"] for item in entry["items"] if not item["ignore"]),
        )
        for entry in entries
    ]
