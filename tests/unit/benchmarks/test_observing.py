"""What it costs to be observed: what is made of the measurements, and that traces and questions arrive."""

from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import urlparse

from benchmarks.latency.before_after import Cost
from benchmarks.latency.observing import METRICS, NOTHING, TRACES, collecting, scraping, table
from tests.unit.benchmarks.markdown import rows


def test_the_table_has_medians_and_the_medians_of_each_rounds_ratios() -> None:
    """A round that other work slows, slows all: its ratios are as good as any."""
    measured = [
        {NOTHING: Cost(2.0, 1000), METRICS: Cost(1.98, 1010), TRACES: Cost(1.9, 1020)},
        {NOTHING: Cost(1.0, 1100), METRICS: Cost(1.0, 1100), TRACES: Cost(0.99, 1089)},
        {NOTHING: Cost(2.0, 1000), METRICS: Cost(2.0, 990), TRACES: Cost(2.0, 990)},
    ]
    assert rows(table(measured)) == [
        [NOTHING, "2.00", "1000", "1.000", "1.000"],
        [METRICS, "1.98", "1010", "1.000", "1.000"],
        [TRACES, "1.90", "1020", "0.990", "0.990"],
    ]


def test_traces_are_taken_where_the_flags_say() -> None:
    with collecting() as collector:
        (url,) = (flag.partition("url=")[2] for flag in collector.flags(1) if "url=" in flag)
        with closing(HTTPConnection(*collector.server_address)) as connection:
            connection.request("POST", urlparse(url).path, b"{}")
            assert connection.getresponse().status == 200
    assert collector.batches == 1


class Metrics(BaseHTTPRequestHandler):
    """Answers a question for metrics, and notes that it came."""

    asked = Event()

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.asked.set()


def test_metrics_are_asked_for_during_a_turn_and_not_where_nobody_observes() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Metrics) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        with scraping(None):
            pass
        assert not Metrics.asked.is_set()
        with scraping(f"127.0.0.1:{server.server_address[1]}"):
            assert Metrics.asked.wait(60)
        server.shutdown()
        thread.join()
