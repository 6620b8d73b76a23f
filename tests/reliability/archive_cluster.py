"""Where Ray is: a cluster of local nodes, an archive on it, and the end of one node in the middle."""

import sys
from collections import Counter
from functools import partial
from itertools import pairwise

import psutil
import pyarrow.parquet as pq
import ray
from ray.cluster_utils import Cluster
from tabulate import tabulate

from ocr_client import OcrClient
from ocr_client.ray.archive import make_plan, read
from ocr_client.ray.reading import PAGES, Reading
from ocr_client.ray.storage import Place, place

NODES, NODE_CPUS, STORE_BYTES = 3, 1, 80_000_000
READERS, CONCURRENCY = 3, 2


def main(scans: str, output: str, pages: int, url: str) -> int:
    """Read, kill, count; 1 if a page is lost, there twice, or wrong."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": STORE_BYTES})
    nodes = [cluster.add_node(num_cpus=NODE_CPUS, object_store_memory=STORE_BYTES) for _ in range(NODES)]
    ray.init(cluster.address, logging_level="ERROR", log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    reading = Reading(
        connect=partial(OcrClient, url, timeout_s=600),
        output=place(output),
        format_name=None,
        concurrency=CONCURRENCY,
        dpi=200,
        force=False,
        options={},
    )
    plan = make_plan([place(scans)], place(output), retry_failed=False, writes_files=False)
    memory_mb: list[tuple[int, float, float]] = []
    read_pages = 0
    for tally in read(plan, reading, readers=READERS, cpus=0.5):
        read_pages += tally.pages
        memory_mb.append((read_pages, *_memory_mb()))
        if tally.stopped:
            print(tally.stopped, file=sys.stderr)
            break
        if len(nodes) == NODES and read_pages > pages / 3:
            cluster.remove_node(nodes.pop(), allow_graceful=False)
    status = _count(place(output), pages)
    quarters = [memory_mb[len(memory_mb) * quarter // 4] for quarter in range(4)] + memory_mb[-1:]
    print()
    print(tabulate(quarters, ["pages read", "MB, readers", "MB, largest reader"], tablefmt="github", floatfmt=".0f"))
    ray.shutdown()
    cluster.shutdown()
    return status


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
    print(tabulate([[pages, len(rows), lost, twice, errors, wrong, in_order]], headers, tablefmt="github"))
    return int(bool(lost or twice or errors or not in_order))


def _memory_mb() -> tuple[float, float]:
    """Of all processes that read: together, and the largest."""
    looked_at = (each.info for each in psutil.process_iter(["cmdline", "memory_info"]))
    used = [
        info["memory_info"].rss / 2**20
        for info in looked_at
        if info["memory_info"] and " ".join(info["cmdline"] or []).startswith("ray::Map(Reading)")
    ]
    return sum(used), max(used, default=0.0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
