"""`ocr archive` on a real Ray, in an environment of its own, with the client as it is installed."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.object_store import CREDENTIALS
from tests.project import SAMPLES
from tests.ray_environment import RayPython, client_alone

OCR = "from ocr_client.cli import main; main(prog_name='ocr')"
ROWS = "import json, sys, pyarrow.parquet as p; print(json.dumps(p.read_table(sys.argv[1]).to_pylist()))"
# Two machines with a CPU each, as Ray sees them. A line of input takes the second one away, as if it lost its power.
# Ray gives a node half a minute to start, which it does not keep on a busy machine: its clock is slower here.
CLUSTER = """
import sys, time
from types import SimpleNamespace
import ray._private.node as node
from ray.cluster_utils import Cluster

node.time = SimpleNamespace(**{**vars(time), "monotonic": lambda: time.monotonic() / 10})

machine = {"num_cpus": 1, "object_store_memory": 80_000_000}
cluster = Cluster(initialize_head=True, head_node_args={"include_dashboard": False, **machine})
nodes = [cluster.add_node(**machine)]
print(cluster.address, flush=True)
for _ in sys.stdin:
    cluster.remove_node(nodes.pop(), allow_graceful=False)
cluster.shutdown()
"""


@dataclass(frozen=True)
class RayCluster:
    """A cluster of local nodes.

    Attributes:
        address: For `--ray`.
    """

    address: str
    _driver: "subprocess.Popen[str]"

    def lose_a_node(self) -> None:
        """End all processes of one at once."""
        assert self._driver.stdin
        print("lose", file=self._driver.stdin, flush=True)


@contextmanager
def ray_cluster(python: RayPython) -> Iterator[RayCluster]:
    """A cluster of two nodes that have this Python."""
    with python.start(CLUSTER) as driver:
        assert driver.stdout
        address = driver.stdout.readline().strip()
        assert address, "Ray does not start"
        yield RayCluster(address, driver)


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> RayPython:
    """What runs Ray's Python, which has the client as a wheel would install it, and the object store's key."""
    return client_alone(tmp_path_factory.mktemp("client"), **CREDENTIALS)


@pytest.fixture(scope="session")
def cluster(python: RayPython) -> Iterator[RayCluster]:
    """One for all tests that leave its nodes alone: Ray takes a while to start."""
    with ray_cluster(python) as started:
        yield started


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder with an image that can be read, and one that cannot."""
    folder = tmp_path / "scans"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "label.png").write_bytes((SAMPLES / "label.png").read_bytes())
    (folder / "broken.png").write_bytes((SAMPLES / "label.png").read_bytes()[:3000])
    return folder


def rows(python: RayPython, folder: object) -> list[dict[str, Any]]:
    """All rows of an archive."""
    read = python.run(ROWS, f"{folder}/pages")
    assert read.returncode == 0, read.stderr
    table: list[dict[str, Any]] = json.loads(read.stdout)
    return table
