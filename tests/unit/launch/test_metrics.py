"""The supervisor's metrics: beside Triton's, alone while there is no Triton, and never held up by who asks."""

import dataclasses
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from ocr_launch import metrics_door, ports, run_state
from ocr_launch.metrics_door import MetricsDoor, MetricsPlan
from ocr_launch.ports import Address
from ocr_launch.run_state import RunState

STATE = RunState(run_state.SERVING, "127.0.0.1", 8000, pages=3, places=8, refused=5, late=1)
OWN = b"nv_inference_count 7\n"


class Triton(BaseHTTPRequestHandler):
    """Answers every question with one metric."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(OWN)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def triton() -> Iterator[int]:
    """The port of a server that answers as Triton does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Triton) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def opened(own_port: int, state: RunState = STATE) -> tuple[MetricsDoor, int]:
    listening = ports.listen(Address(ports.LOOPBACK), ports.METRICS)
    port = ports.port_of(listening)
    door = MetricsDoor(MetricsPlan(listening, own_port), lambda: state)
    door.start()
    return door, port


def get(port: int, path: str = "/metrics", method: str = "GET") -> tuple[int, str]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_tritons_metrics_come_with_the_supervisors(triton: int) -> None:
    state = dataclasses.replace(STATE, port=triton)
    state = state.with_restart(["ctc_decoding"]).with_restart(["ctc_decoding", "text_cropping"]).with_restart([])
    door, port = opened(triton, state)
    with closing(door):
        status, told = get(port)
    assert status == 200
    assert told.startswith(OWN.decode())
    assert 'ocr_process_restarts_total{process="ctc_decoding"} 2\n' in told
    assert 'ocr_process_restarts_total{process="text_cropping"} 1\n' in told
    assert "# TYPE ocr_server_restarts_total counter\nocr_server_restarts_total 1\n" in told
    assert 'ocr_pages_refused_total{reason="overloaded"} 5\n' in told
    assert 'ocr_pages_refused_total{reason="deadline_exceeded"} 1\n' in told
    assert "# TYPE ocr_pages gauge\nocr_pages 3\n" in told
    assert "ocr_pages_limit 8\n" in told
    assert "ocr_up 1\n" in told


def test_a_server_that_lets_no_page_in_is_not_up(triton: int) -> None:
    """Somebody has unloaded a model."""
    with ports.hold() as nobody:
        door, port = opened(triton, dataclasses.replace(STATE, port=ports.port_of(nobody)))
        with closing(door):
            assert "ocr_up 0\n" in get(port)[1]


def test_they_come_alone_while_there_is_no_triton() -> None:
    restarting = RunState(run_state.RESTARTING, "127.0.0.1", 8000, server_restarts=2)
    with ports.hold() as nobody:
        door, port = opened(ports.port_of(nobody), restarting)
    with closing(door):
        status, told = get(port)
    assert (status, "ocr_server_restarts_total 2\n" in told, "ocr_up 0\n" in told) == (200, True, True)


@pytest.mark.parametrize(("path", "method"), [("/", "GET"), ("/v2", "GET"), ("/metrics", "POST")])
def test_there_is_nothing_else(triton: int, path: str, method: str) -> None:
    door, port = opened(triton)
    with closing(door):
        assert get(port, path, method)[0] == 404


def test_those_who_ask_nothing_keep_nobody_out(triton: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_door, "ASK_S", 0.2)
    door, port = opened(triton)
    with closing(door), socket.create_connection(("127.0.0.1", port)) as silent:
        assert get(port)[0] == 200
        assert silent.recv(1) == b""


def test_connections_beyond_the_most_are_closed(triton: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_door, "MAX_CONNECTIONS", 1)
    door, port = opened(triton)
    with closing(door), socket.create_connection(("127.0.0.1", port)) as first:
        with socket.create_connection(("127.0.0.1", port)) as second:
            assert second.recv(1) == b""
        first.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert first.recv(12) == b"HTTP/1.1 200"
