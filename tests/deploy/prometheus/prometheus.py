"""Prometheus as deploy/observe configures it, on this machine."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

from tests.deploy.observed import FOLDER
from tests.reliability.replicas import free_urls
from tests.server.processes import wait_until

PROGRAM, TOOL = shutil.which("prometheus"), shutil.which("promtool")
# Between two looks at a server.
INTERVAL = "1s"


@dataclass(frozen=True)
class Prometheus:
    """A running one.

    Attributes:
        url: Where it answers.
    """

    url: str

    def get(self, what: str, **asked: str) -> Any:
        """What its HTTP API says.

        Args:
            what: The path behind `/api/v1/`.
            asked: Parameters of it.

        Raises:
            urllib.error.URLError: It refuses, or is not there.
        """
        with urlopen(f"{self.url}/api/v1/{what}?{urlencode(asked)}", timeout=30) as answer:  # noqa: S310 - http
            return json.load(answer)["data"]

    def values(self, expression: str) -> list[float]:
        """What it finds now for an expression: a value of each series."""
        return [float(series["value"][1]) for series in self.get("query", query=expression)["result"]]

    def is_ready(self) -> bool:
        """It has started."""
        try:
            with urlopen(f"{self.url}/-/ready", timeout=30):  # noqa: S310 - http
                return True
        except URLError:
            return False


@contextmanager
def prometheus(folder: Path, targets: list[str]) -> Iterator[Prometheus]:
    """One that runs inside the block and looks every second.

    Args:
        folder: For its configuration and data.
        targets: Servers' doors for metrics, `host:port`.

    Raises:
        RuntimeError: The machine has none.
    """
    if not PROGRAM:
        raise RuntimeError("there is no Prometheus: apt-get install prometheus")
    (url,) = free_urls(1)
    file = folder / "prometheus.yaml"
    file.write_text(_adapted(targets), encoding="utf-8")
    command = [
        *(PROGRAM, f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}"),
        *(f"--web.listen-address={urlsplit(url).netloc}", "--log.level=warn"),
    ]
    process = subprocess.Popen(command)  # noqa: S603 - found above
    try:
        started = Prometheus(url)
        wait_until(started.is_ready)
        yield started
    finally:
        process.terminate()
        process.wait(30)


def _adapted(targets: list[str]) -> str:
    """The configuration with other servers, alerts from the checkout, and looks as often as a test has time for."""
    text = (FOLDER / "prometheus.yaml").read_text(encoding="utf-8")
    text = text.replace('["ocr:8002"]', json.dumps(targets)).replace("15s", INTERVAL)
    return text.replace("/etc/prometheus/alerts.yaml", str(FOLDER / "alerts.yaml"))
