"""The file that pages are counted in: shared by processes, whatever becomes of them or of it."""

import multiprocessing
import os
from pathlib import Path

import pytest

from ocr_core import pages_file, server_files
from ocr_core.admission import Pages
from ocr_core.errors import Overloaded
from tests.unit.admitting import ANYONE, enter, is_full


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    return Pages(tmp_path / "pages")


def _enter_and_die(file: Path) -> None:
    enter(Pages(file))
    os._exit(9)


def test_processes_count_together_and_a_dead_one_leaves_no_lock(tmp_path: Path) -> None:
    spawning = multiprocessing.get_context("spawn")
    for _ in range(2):
        process = spawning.Process(target=_enter_and_die, args=[tmp_path / "pages"])
        process.start()
        process.join()
        assert process.exitcode == 9
    assert is_full(Pages(tmp_path / "pages"))


def test_a_process_that_stands_still_with_the_lock_stops_no_other(
    pages: Pages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages_file, "LOCK_S", 0.01)
    deadline_ns = enter(pages)
    descriptor = os.open(tmp_path / "pages", os.O_RDWR)
    pages_file._lock(descriptor)
    with pytest.raises(Overloaded, match="stands still"):
        enter(pages)
    with pages.leaving(ANYONE, deadline_ns) as check:
        check()
    os.close(descriptor)
    enter(pages)


def test_a_file_that_was_cut_off_in_the_middle_of_a_number_is_read_as_far_as_it_goes(
    pages: Pages, tmp_path: Path
) -> None:
    enter(pages)
    enter(pages)
    file = tmp_path / "pages"
    for length in (28, 20, 11, 3, 0):
        file.write_bytes(file.read_bytes()[:length])
        assert not is_full(pages)


def test_servers_are_told_apart_and_their_files_go_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_files, "FOLDER", tmp_path)
    ours, parents = (server_files.server_file(server_files.PAGES, pid) for pid in (os.getpid(), os.getppid()))
    assert ours != parents
    assert ours == server_files.server_file(server_files.PAGES, os.getpid())
    for file in (ours, parents):
        file.touch()
    pages_file.forget_pages(os.getpid())
    assert list(tmp_path.iterdir()) == [parents]
