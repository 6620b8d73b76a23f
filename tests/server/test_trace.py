"""One trace from the caller to the recognizer, in OpenTelemetry's protocol; and what even a full log does not say."""

import dataclasses
import json
import re
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http

from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, SAMPLES
from tests.reliability.swap import few_processes

TIMEOUT_S = 120
# An exporter may lose spans; one that loses those of so many requests does not work.
WAIT_S, TRIES = 30, 3
IMAGE = np.fromfile(SAMPLES / "label.png", np.uint8)
# https://www.w3.org/TR/trace-context/: version, trace, span of the caller, flags.
CALLERS_SPAN = "b7ad6b7169203331"
FLAGS = (
    "--trace-config=mode=opentelemetry",
    "--trace-config=level=TIMESTAMPS",
    "--trace-config=rate=1",
    "--trace-config=opentelemetry,bsp_schedule_delay=200",
    "--log-verbose=1",
)


@dataclasses.dataclass(frozen=True)
class Span:
    """One piece of work in a trace.

    Attributes:
        id: Of the span.
        parent: The span that it is a part of.
        name: What it is about: a model, `compute`, `InferRequest`.
        attributes: By name.
    """

    id: str
    parent: str
    name: str
    attributes: dict[str, Any]


class Collector(ThreadingHTTPServer):
    """Takes what is exported by OTLP over HTTP, as JSON."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.spans: dict[str, list[Span]] = {}
        self.has_come = threading.Condition()

    def take(self, exported: Any) -> None:
        """Keep the spans of an export."""
        with self.has_come:
            for resource in exported["resourceSpans"]:
                for found in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
                    attributes = {
                        each["key"]: next(iter(each["value"].values())) for each in found.get("attributes", ())
                    }
                    span = Span(found["spanId"], found.get("parentSpanId", ""), found["name"], attributes)
                    self.spans.setdefault(found["traceId"], []).append(span)
            self.has_come.notify_all()

    def trace(self, trace: str) -> list[Span]:
        """The spans of a trace, once the outermost one has come, which comes last; none if it does not come."""
        with self.has_come:
            is_whole = self.has_come.wait_for(lambda: _is_whole(self.spans.get(trace, [])), WAIT_S)
            return list(self.spans[trace]) if is_whole else []


def _is_whole(spans: list[Span]) -> bool:
    return any(span.name == "InferRequest" for span in spans)


class Receiver(BaseHTTPRequestHandler):
    """One export."""

    server: Collector

    def do_POST(self) -> None:
        """Take it."""
        self.server.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as receiving:
        threading.Thread(target=receiving.serve_forever, daemon=True).start()
        yield receiving
        receiving.shutdown()


@pytest.fixture(scope="module")
def server(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    """One that traces each request."""
    log = tmp_path_factory.mktemp("traced") / "triton.log"
    url = f"--trace-config=opentelemetry,url=http://127.0.0.1:{collector.server_address[1]}/v1/traces"
    flags = (*FLAGS, url)
    with TritonServer(MODEL_REPOSITORY, log=log, options=flags, change=few_processes, stop_timeout_s=10) as running:
        yield running


def over_http(server: TritonServer, trace: str) -> Any:
    """Send the label; the answer."""
    with tritonclient.http.InferenceServerClient(server.url, network_timeout=TIMEOUT_S) as client:
        return send(client, tritonclient.http, trace)


def over_grpc(server: TritonServer, trace: str) -> Any:
    """The same by the other protocol."""
    with tritonclient.grpc.InferenceServerClient(server.grpc_url) as client:
        return send(client, tritonclient.grpc, trace)


def send(client: Any, library: Any, trace: str) -> Any:
    image = library.InferInput("image", IMAGE.shape, "UINT8")
    image.set_data_from_numpy(IMAGE)
    headers = {"traceparent": f"00-{trace}-{CALLERS_SPAN}-01"}
    return client.infer("ocr_ensemble", [image], headers=headers, request_id=f"label-{trace}")


@pytest.fixture(scope="module", params=[over_http, over_grpc])
def spans(request: pytest.FixtureRequest, server: TritonServer, collector: Collector) -> list[Span]:
    """The trace of one request."""
    for _ in range(TRIES):
        trace = uuid.uuid4().hex
        request.param(server, trace)
        if spans := collector.trace(trace):
            return spans
    raise AssertionError(f"no trace of {TRIES} requests came")


def of(spans: list[Span], name: str) -> list[Span]:
    return [span for span in spans if span.name == name]


def test_the_trace_goes_on_from_the_callers_span(spans: list[Span]) -> None:
    (outermost,) = of(spans, "InferRequest")
    assert outermost.parent == CALLERS_SPAN
    (ensemble,) = of(spans, "ocr_ensemble")
    assert ensemble.parent == outermost.id


@pytest.mark.parametrize("step", ["image_preprocessing", "text_detection", "text_cropping", "ctc_decoding"])
def test_a_step_is_a_part_of_the_ensemble(spans: list[Span], step: str) -> None:
    (ensemble,), (span,) = of(spans, "ocr_ensemble"), of(spans, step)
    assert span.parent == ensemble.id
    (compute,) = (child for child in of(spans, "compute") if child.parent == span.id)
    assert compute.id


def test_the_calls_of_the_recognizer_are_parts_of_the_last_step(spans: list[Span]) -> None:
    (step,), calls = of(spans, "ctc_decoding"), of(spans, "text_recognition")
    assert calls
    assert {call.parent for call in calls} == {step.id}


def test_every_model_knows_the_id_of_the_request(spans: list[Span]) -> None:
    ids = [span.attributes["triton.request_id"] for span in spans if "triton.model_name" in span.attributes]
    assert len(ids) >= 6
    assert len(set(ids)) == 1
    assert ids[0].startswith("label-")


def test_no_text_of_a_page_is_in_the_log_though_it_says_all(server: TritonServer) -> None:
    trace = uuid.uuid4().hex
    read = [text.decode() for text in over_http(server, trace).as_numpy("texts")]
    long_words = {word for text in read for word in re.findall(r"\w{8,}", text)}
    said = server.log.read_text(encoding="utf-8", errors="replace")
    assert {"NORTHFIELD", "Blueberry"} <= long_words
    assert f"label-{trace}" in said
    assert [text for text in (*read, *long_words) if text in said] == []
