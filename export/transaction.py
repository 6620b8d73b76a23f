"""Several files and folders put into place, all or none."""

import shutil
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType


class Transaction:
    """A context in which files and folders are replaced; an exception takes all of it back."""

    def __init__(self) -> None:
        self._undo = ExitStack()
        self._replaced: list[tuple[Path, Path | None]] = []  # what was there before, and where it is kept

    def __enter__(self) -> "Transaction":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take all back, in reverse order, or remove what was replaced."""
        if kind:
            self._undo.close()
            return
        self._undo.pop_all()
        for old, kept in self._replaced:
            if kept:
                old.replace(kept)
            else:
                _remove(old)

    def make_folder(self, folder: Path) -> None:
        """Make a folder, and those that it lies in, where they are not there."""
        if not folder.exists():
            self.make_folder(folder.parent)
            folder.mkdir()
            self._undo.callback(folder.rmdir)

    def stage(self, place: Path) -> Path:
        """Path beside `place` for what is to replace it; nothing is there yet."""
        staged = place.with_name(f".{place.name}.part")
        _remove(staged)
        self._undo.callback(_remove, staged)
        return staged

    def replace(self, place: Path, keep: Path | None = None) -> None:
        """Rename what was staged for `place` into it.

        Args:
            place: A file or folder.
            keep: Where what was there before stays; it is removed by default.
        """
        if place.exists():
            self.remove(place, keep)
        staged = place.with_name(f".{place.name}.part")
        staged.rename(place)
        self._undo.callback(place.rename, staged)

    def remove(self, place: Path, keep: Path | None = None) -> None:
        """Take a file or folder away.

        Args:
            place: It.
            keep: Where it stays; nowhere by default.
        """
        old = place.with_name(f".{place.name}.old")
        _remove(old)
        place.rename(old)
        self._undo.callback(old.rename, place)
        self._replaced.append((old, keep))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
