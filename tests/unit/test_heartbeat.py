"""What a process notes of its work, and what others read of it."""

import os
from pathlib import Path

import pytest

from ocr_core import server_files
from ocr_core.heartbeat import Beat, Heartbeat, State, beats, forget_beats


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(server_files, "FOLDER", tmp_path)
    return tmp_path


def noted() -> Beat:
    return beats(os.getppid())[os.getpid()]


def test_each_piece_of_work_has_a_number_of_its_own() -> None:
    heartbeat = Heartbeat.of_this_process()
    assert noted().state is State.IDLE
    seen = [noted()]
    for _ in range(2):
        with heartbeat.working():
            seen.append(noted())
        seen.append(noted())
    assert [beat.state for beat in seen] == [State.IDLE, State.WORKING, State.IDLE, State.WORKING, State.IDLE]
    assert len({beat.number for beat in seen}) == len(seen)


def test_who_waits_is_told_from_who_works_and_each_answer_is_noted() -> None:
    heartbeat = Heartbeat.of_this_process()
    with heartbeat.working(), heartbeat.waiting():
        first = noted()
        heartbeat.moved()
        second = noted()
    assert first.state is second.state is State.WAITING
    assert first != second
    assert noted().state is State.IDLE


def test_work_that_fails_is_over() -> None:
    heartbeat = Heartbeat.of_this_process()
    with pytest.raises(KeyError), heartbeat.working(), heartbeat.waiting():
        raise KeyError
    assert noted().state is State.IDLE


def test_what_the_dead_have_noted_is_forgotten(folder: Path) -> None:
    Heartbeat.of_this_process()
    forget_beats(os.getppid(), {os.getpid()})
    assert list(beats(os.getppid())) == [os.getpid()]
    forget_beats(os.getppid())
    assert list(folder.iterdir()) == []


def test_a_server_that_has_ended_has_no_beats() -> None:
    assert beats(2**22 + 1) == {}


def test_a_file_that_was_cut_off_says_that_nothing_is_at_work(folder: Path) -> None:
    with Heartbeat.of_this_process().working():
        (file,) = folder.iterdir()
        file.write_bytes(b"")
        assert noted().state is State.IDLE
