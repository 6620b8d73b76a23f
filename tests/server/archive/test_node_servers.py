"""Without a server, `ocr archive` starts the embedded one on each node, and outlives the loss of a node."""

import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.ray_environment import RayPython, beside_the_server
from tests.reliability.archive import draw
from tests.server.archive.conftest import OCR, RayCluster, ray_cluster, rows
from tests.server.processes import wait_until

pytestmark = pytest.mark.frameworks
PAGES = 24
# On a busy machine, two servers start for minutes.
START_S = 400


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> RayPython:
    """Ray's Python, where the server is installed, too."""
    return beside_the_server(tmp_path_factory.mktemp("both"))


def test_a_node_that_is_lost_with_its_server_costs_no_page(both: RayPython, tmp_path: Path) -> None:
    draw(tmp_path / "scans", PAGES)
    pages = tmp_path / "out" / "pages"
    command = (OCR, "archive", tmp_path / "scans", tmp_path / "out", "--timeout", 300)
    with ray_cluster(both) as cluster:
        reading = both.start(*command, "--ray", cluster.address, stderr=subprocess.PIPE)
        wait_until(lambda: reading.poll() is not None or list(pages.glob("*.parquet")), START_S)
        cluster.lose_a_node()
        _, told = reading.communicate()
    assert reading.returncode == 0, told
    assert told.count("\n") == 2, told
    first, last = told.splitlines()
    ports = re.findall(r"http://[\d.]+:(\d+)", first)
    assert len(ports) == 2
    assert last.startswith(f"{PAGES} pages of ")
    assert last.endswith(f" files are in {tmp_path / 'out'}, 0 with an error")
    texts = sorted(row["text"] for row in rows(both, tmp_path / "out"))
    assert texts == [f"No {number:06}" for number in range(PAGES)]
    wait_until(lambda: not any(serves(port) for port in ports))


def serves(port: str) -> bool:
    """Whether a launcher that listens there has not ended."""
    commands = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return any("server" in command and port in command for command in commands)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (f"{sys.executable} -c 'raise SystemExit(\"no models\")'", "(no models)"),
        ("no-such-program", "No such file or directory: 'no-such-program'"),
    ],
)
def test_a_server_that_does_not_start_is_told_in_a_sentence(
    python: RayPython, cluster: RayCluster, scans: Path, tmp_path: Path, command: str, sentence: str
) -> None:
    done = python.run(OCR, "archive", scans, tmp_path / "out", "--ray", cluster.address, "--server", command)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: no server starts on ")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
