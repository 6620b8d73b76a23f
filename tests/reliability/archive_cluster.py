"""Where Ray is: a cluster of local nodes, an archive on it, and the end of one node in the middle."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import pyarrow.parquet as pq
import ray
import ray._private.node
from ray.cluster_utils import Cluster
from tabulate import tabulate

from ocr_client import OcrClient
from ocr_client.ray.archive import make_plan, read
from ocr_client.ray.node_servers import node_servers
from ocr_client.ray.reading import PAGES, Reading
from ocr_client.ray.storage import Place, place
from tests.reliability.reader_memory import ReaderMemory

NODES, NODE_CPUS, STORE_BYTES = 3, 1, 80_000_000
READERS, CONCURRENCY, SHARE_CPUS = 3, 2, 0.5
SPANS = 8


def main(scans: str, output: str, pages: int, url: str) -> int:
    """Read, kill, count; 1 if a page is lost, there twice, or wrong.

    Args:
        scans: Folder of drawn pages.
        output: Folder for the archive.
        pages: How many there are.
        url: Of a server; "nodes" for one on each node, which is killed with it.
    """
    memory = ReaderMemory()
    with _cluster() as cluster, _servers(url) as urls:
        reading = Reading(
            connect=partial(OcrClient, urls, timeout_s=600),
            output=place(output),
            format_name=None,
            concurrency=CONCURRENCY,
            dpi=200,
            force=False,
            options={},
        )
        with memory.watched():
            _read(cluster, place(scans), reading, pages, memory)
        status = _count(place(output), pages)
        headers = ["pages", "MB, all readers", "MB, largest reader"]
        print(f"\n{tabulate(memory.peaks_mb(pages, SPANS), headers, tablefmt='github', floatfmt='.0f')}")
    return status


@contextmanager
def _cluster() -> Iterator[Cluster]:
    # Ray gives a node half a minute to start, which it does not keep on a busy machine: its clock is slower here.
    ray._private.node.time = SimpleNamespace(**{**vars(time), "monotonic": lambda: time.monotonic() / 10})
    head = {"num_cpus": 0, "object_store_memory": STORE_BYTES, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(NODES):
        cluster.add_node(num_cpus=NODE_CPUS, object_store_memory=STORE_BYTES)
    ray.init(cluster.address, logging_level="ERROR", log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@contextmanager
def _servers(url: str) -> Iterator[list[str]]:
    if url != "nodes":
        yield [url]
        return
    with node_servers("embedded", SHARE_CPUS, 0) as urls:
        print(f"Servers: {', '.join(urls)}", flush=True)
        yield urls


def _read(cluster: Cluster, scans: Place, reading: Reading, pages: int, memory: ReaderMemory) -> None:
    plan = make_plan([scans], reading.output, retry_failed=False, writes_files=False)
    nodes = cluster.worker_nodes
    is_whole = True
    for tally in read(plan, reading, readers=READERS, cpus=SHARE_CPUS):
        memory.pages += tally.pages
        print(f"{memory.pages} of {pages} pages", flush=True)
        if tally.stopped:
            print(tally.stopped)
            return
        if is_whole and memory.pages > pages / 3:
            cluster.remove_node(next(iter(nodes)), allow_graceful=False)
            is_whole = False
            print("A node is killed", flush=True)


def _count(output: Place, pages: int) -> int:
    """Print what came of the pages: each has its number on it, and its place."""
    rows = pq.read_table(output.below(PAGES).path).to_pylist()
    times = Counter((row["source"], row["number"]) for row in rows)
    twice = sum(count - 1 for count in times.values())
    errors = sum(row["error"] is not None for row in rows)
    numbers = [int(row["source"][-10:-4]) + row["number"] - 1 for row in rows]
    wrong = sum(row["text"] != f"No {number:06}" for row, number in zip(rows, numbers, strict=True))
    lost = pages - len(times)
    pairs = pairwise(rows)
    in_order = all(before["number"] + 1 == row["number"] for before, row in pairs if row["number"] > 1)
    headers = ["pages in", "rows out", "lost", "twice", "errors", "other text", "in order"]
    row = [pages, len(rows), lost, twice, errors, wrong, "yes" if in_order else "no"]
    print(f"\n{tabulate([row], headers, tablefmt='github')}")
    return int(bool(lost or twice or errors or not in_order))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
