"""Measure what a server's queues say while so many clients ask it: the figures that the simulation is made of.

    python -m deploy.autoscaling.measure

It starts an embedded server, or asks the one at --url and --metrics-url. Each client sends samples one after the other,
and comes back half a second after a refusal.
"""

import dataclasses
import http.client
import json
import random
import statistics
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import click

from deploy.autoscaling import metrics
from server.triton import TritonServer

FOLDER = Path(__file__).parent
IMAGES = ("label.png", "receipt.png", "street.jpg", "table.png")
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
QUEUE, PENDING, ENSEMBLE_TIME = (
    "nv_inference_queue_duration_us",
    "nv_inference_pending_request_count",
    "nv_inference_request_duration_us",
)
ENSEMBLE = "ocr_ensemble"
PATH = f"/v2/models/{ENSEMBLE}/infer"
PAUSE_S = 0.5
POLL_S = 0.5


@dataclasses.dataclass(frozen=True)
class Load:
    """What happened under a number of clients.

    Attributes:
        clients: How many asked.
        seconds: For how long.
        answered: Pages that were read.
        refused: Attempts that the server refused.
        p50_s: Median latency of answered attempts.
        p95_s: Its 95th percentile.
        waiting: Requests in queues of each model, on average: seconds waited in each second.
        pending: The gauge of requests not yet begun, on average of looks at it, of each model.
        in_pipeline: Requests inside the ensemble, on average.
    """

    clients: int
    seconds: float
    answered: int
    refused: int
    p50_s: float
    p95_s: float
    waiting: dict[str, float]
    pending: dict[str, float]
    in_pipeline: float


class Clients:
    """Threads that send images until they are told to stop."""

    def __init__(self, url: str, count: int, images: list[bytes]) -> None:
        self.latencies_s: list[float] = []
        self.refused = 0
        self._url, self._images = url, images
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(count)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        order = random.Random(number)  # noqa: S311 - which image is next
        connection = http.client.HTTPConnection(self._url, timeout=120)
        while not self._over.is_set():
            started = time.monotonic()
            connection.request("POST", PATH, order.choice(self._images), {"Inference-Header-Content-Length": "0"})
            answer = connection.getresponse()
            answer.read()
            with self._lock:
                if answer.status == 200:
                    self.latencies_s.append(time.monotonic() - started)
                else:
                    self.refused += 1
            if answer.status != 200:
                self._over.wait(PAUSE_S)
        connection.close()


@dataclasses.dataclass(frozen=True)
class Look:
    """What clients and server had done at a time."""

    at_s: float
    answered: int
    refused: int
    metrics: metrics.Samples

    @classmethod
    def now(cls, clients: Clients, metrics_url: str) -> "Look":
        """At this time."""
        return cls(time.monotonic(), len(clients.latencies_s), clients.refused, metrics.read(metrics_url))

    def spent(self, later: "Look", metric: str) -> dict[str, float]:
        """By how many seconds a counter of microseconds grew in each second, for each model."""
        before, after = self.metrics[metric], later.metrics[metric]
        elapsed_us = 1e6 * (later.at_s - self.at_s)
        return {model: round((value - before.get(model, 0)) / elapsed_us, 3) for model, value in after.items()}


def measure(url: str, metrics_url: str, count: int, seconds: float) -> Load:
    """Let clients ask for a while, and until as many pages as clients are read, after some that warm the server up."""
    images = [(FOLDER.parents[1] / "samples" / name).read_bytes() for name in IMAGES]
    with Clients(url, count, images) as clients:
        while len(clients.latencies_s) < min(2 * count, 8):
            time.sleep(POLL_S)
        looks = [Look.now(clients, metrics_url)]
        while looks[-1].at_s < looks[0].at_s + seconds or looks[-1].answered < looks[0].answered + count:
            time.sleep(POLL_S)
            looks.append(Look.now(clients, metrics_url))
    first, last = looks[0], looks[-1]
    latencies_s = sorted(clients.latencies_s[first.answered : last.answered])
    return Load(
        clients=count,
        seconds=round(last.at_s - first.at_s, 1),
        answered=len(latencies_s),
        refused=last.refused - first.refused,
        p50_s=round(statistics.median(latencies_s), 3),
        p95_s=round(latencies_s[int(0.95 * len(latencies_s))], 3),
        waiting=first.spent(last, QUEUE),
        pending={
            model: round(statistics.mean(look.metrics[PENDING][model] for look in looks), 2)
            for model in last.metrics[PENDING]
        },
        in_pipeline=first.spent(last, ENSEMBLE_TIME)[ENSEMBLE],
    )


@click.command()
@click.option("--url", help="host:port of HTTP; by default an embedded server is started.")
@click.option("--metrics-url", help="The same for metrics.")
@click.option("--clients", type=int, multiple=True, default=CLIENTS, show_default=True, help="Numbers of them.")
@click.option("--seconds", default=20.0, show_default=True, help="For each number of clients.")
@click.option("--output", type=click.Path(path_type=Path), default=FOLDER / "measured.json", show_default=True)
def main(url: str | None, metrics_url: str | None, clients: tuple[int, ...], seconds: float, output: Path) -> None:
    """Measure a server with so many clients and write what was seen."""
    if (url is None) != (metrics_url is None):
        raise click.UsageError("give --url and --metrics-url, or neither")
    with ExitStack() as stack:
        if url is None or metrics_url is None:
            server = stack.enter_context(
                TritonServer(FOLDER.parents[1] / "model_repository", stop_timeout_s=10, is_supervised=False)
            )
            url, metrics_url = server.url, server.metrics_url
        loads = []
        for count in clients:
            loads.append(dataclasses.asdict(measure(url, metrics_url, count, seconds)))
            print(json.dumps(loads[-1]), flush=True)
    output.write_text(json.dumps(loads, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
