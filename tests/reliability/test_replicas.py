"""What `make replicas` would say of servers that fall silent, or read something else."""

from collections.abc import Iterator

import pytest

from tests.project import SAMPLES
from tests.reliability.replicas import Load, Tally, table
from tests.unit.client.conftest import FakeTriton, serving

IMAGE = SAMPLES / "label.png"


@pytest.fixture
def pair() -> Iterator[tuple[FakeTriton, FakeTriton]]:
    with serving() as first, serving() as second:
        first.answer_page(["FARM"])
        second.answer_page(["FARM"])
        yield first, second


def test_the_share_of_each_server_is_counted(pair: tuple[FakeTriton, FakeTriton]) -> None:
    urls = [f"http://{server.url}" for server in pair]
    with Load(urls, IMAGE, "FARM", clients=3) as load:
        both = load.begin("both")
        load.wait(60)
        one = load.begin("one")
        pair[0].status = None  # it closes every connection
        load.wait(60)
    assert (both.lost, one.lost) == ([], [])
    assert both.answered.total() >= 60
    assert min(both.answered.values()) > 20
    # Those that were under way when it fell silent.
    assert one.answered[urls[0]] <= 3


def test_a_wrong_answer_is_lost(pair: tuple[FakeTriton, FakeTriton]) -> None:
    with Load([pair[0].url], IMAGE, "FARM", clients=1) as load:
        load.wait(1)
        phase = load.begin("wrong")
        pair[0].answer_page(["HARM"])
        while not phase.lost:
            load.wait(1)
    assert phase.lost[0] == "read as 'HARM'"


def test_the_table_has_a_row_for_each_phase() -> None:
    phase = Tally("two", longest_s=1.25)
    phase.answered.update(a=3, b=1)
    phase.asked.update(a=3, b=3)
    phase.lost.append("nobody")
    (row,) = table("ab", [phase]).splitlines()[2:]
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["two", "3 (75%)", "1 (25%)", "2", "1", "1.2 s"]
