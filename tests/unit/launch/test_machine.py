"""What the launcher finds out about a machine."""

from pathlib import Path

import pytest

from ocr_launch import machine
from ocr_launch.machine import Cores

MISSING = Path("no-such-folder")


@pytest.fixture(autouse=True)
def six_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(6)))


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000\n", Cores(6)),
        ("150000 100000\n", Cores(1.5, has_quota=True)),
        ("50000 100000\n", Cores(0.5, has_quota=True)),
        ("9900000 100000\n", Cores(6)),
    ],
)
def test_a_containers_quota_bounds_the_cores(quota: str, cores: Cores, tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert machine.find_cores(tmp_path / "cpu.max", MISSING) == cores


@pytest.mark.parametrize(("quota", "cores"), [("-1", Cores(6)), ("200000", Cores(2, has_quota=True))])
def test_so_does_a_quota_in_the_first_version_of_control_groups(quota: str, cores: Cores, tmp_path: Path) -> None:
    (tmp_path / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")
    assert machine.find_cores(MISSING, tmp_path) == cores


def test_without_control_groups_the_affinity_counts() -> None:
    assert machine.find_cores(MISSING, MISSING) == Cores(6)


@pytest.mark.parametrize(
    ("cores", "count", "told"),
    [
        (Cores(0.5, has_quota=True), 1, "0.5 cores (the quota of this container)"),
        (Cores(1), 1, "1 core"),
        (Cores(1.5, has_quota=True), 2, "1.5 cores (the quota of this container)"),
        (Cores(64), 64, "64 cores"),
    ],
)
def test_a_part_of_a_core_counts_as_one_and_is_printed_as_it_is(cores: Cores, count: int, told: str) -> None:
    assert (cores.count, str(cores)) == (count, told)


def test_the_names_of_instructions_are_whole_words(tmp_path: Path) -> None:
    cpu_info = tmp_path / "cpuinfo"
    for flags, found in (("flags : fpu avx2 avx512_vnni", True), ("flags : fpu avx2 avx_vnni_int8", False)):
        cpu_info.write_text(flags)
        assert machine.has_vnni(cpu_info) == found


def test_too_little_shared_memory_is_reported_with_the_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.shared_memory_shortage(tmp_path) is None
    monkeypatch.setattr(machine, "SHARED_MEMORY_MB", 2**40)
    shortage = machine.shared_memory_shortage(tmp_path)
    assert shortage
    assert "run the container with --shm-size=1g" in shortage
