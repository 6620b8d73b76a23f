"""What `make balanced` counts of servers that a balancer hides."""

from tests.deploy.balancer.haproxy import NAMES
from tests.reliability.balanced import Counts, table
from tests.reliability.replicas import Tally
from tests.unit.client.conftest import FakeTriton, serving


def says(server: FakeTriton, answered: int) -> None:
    """Have a server tell that it has read so many images."""
    statistics = {"model_stats": [{"inference_stats": {"success": {"count": answered}}}]}
    server.routes = {
        "/v2": {"name": "triton", "version": "2.51.0"},
        "/v2/repository/index": [],
        "/v2/models/ocr_ensemble/stats": statistics,
    }


def test_what_servers_have_read_is_counted_from_one_look_to_the_next() -> None:
    with serving() as first, serving() as second:
        says(first, 7)
        says(second, 2)
        counts = Counts([first.url, second.url])
        says(first, 9)
        assert counts.since() == [2, 0]
        first.status = None
        first.routes = {}
        says(second, 3)
        assert counts.since() == [0, 1]
        first.status = 200
        says(first, 4)
        assert counts.since() == [4, 0]


def test_a_row_tells_who_read_and_what_is_lost() -> None:
    phase = Tally("one killed", longest_s=1.25)
    phase.answered.update(balancer=7)
    phase.lost.append("nobody")
    (row,) = table([(phase, [0, 3, 4])]).splitlines()[2:]
    assert len(NAMES) == 3
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["one killed", "0", "3", "4", "7", "1", "1.2 s"]
