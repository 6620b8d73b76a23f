"""Small files in shared memory that belong to one tritonserver."""

from pathlib import Path

FOLDER = Path("/dev/shm")  # noqa: S108 - where Linux has it; it is empty after a restart
# How the name of a file begins: what it is for.
PAGES, BEAT = "ocr-pages-", "ocr-beat-"


def server_file(kind: str, server_pid: int) -> Path:
    """The file of a kind that a tritonserver has; another one after a restart.

    Raises:
        FileNotFoundError: There is no such process.
    """
    # Field 22 of proc(5): containers that share /dev/shm have processes of equal numbers.
    stat = Path(f"/proc/{server_pid}/stat").read_text(encoding="ascii", errors="replace")
    started = stat.rpartition(")")[2].split()[19]
    return FOLDER / f"{kind}{server_pid}-{started}"


def files_of(kind: str, server_pid: int) -> list[Path]:
    """The files of a kind that a tritonserver has, or had before it ended."""
    return list(FOLDER.glob(f"{kind}{server_pid}-*"))
