"""What a server counts of its models between two moments: waiting, handing over, working."""

import json
import urllib.request
from dataclasses import astuple, dataclass
from typing import Any

TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Work:
    """What one model has done since the server started, or between two moments; times are sums over its calls.

    Attributes:
        calls: Requests answered.
        runs: Executions; fewer than calls where several shared a batch.
        total_ms: From a request's arrival to its answer.
        queue_ms: Waiting for an instance, or for others to share a batch.
        input_ms: Handing the input over.
        infer_ms: The work itself. A step that calls another model includes its waiting for that.
        output_ms: Handing the output over.
    """

    calls: int
    runs: int
    total_ms: float
    queue_ms: float
    input_ms: float
    infer_ms: float
    output_ms: float

    def __sub__(self, earlier: "Work") -> "Work":
        """What was done in between."""
        return Work(*(now - then for now, then in zip(astuple(self), astuple(earlier), strict=True)))


Statistics = dict[str, Work]
"""Model → what its newest version has done."""


def read(url: str) -> Statistics:
    """Ask the server whose HTTP address is `host:port`.

    Raises:
        OSError: It cannot be reached.
    """
    with urllib.request.urlopen(f"http://{url}/v2/models/stats", timeout=TIMEOUT_S) as answer:
        return parse(answer.read())


def parse(answer: bytes) -> Statistics:
    """Understand what Triton's statistics extension answers."""
    models = sorted(json.loads(answer)["model_stats"], key=lambda model: int(model["version"]))
    return {model["name"]: _work(model) for model in models}


def between(before: Statistics, after: Statistics) -> Statistics:
    """What each model did between two moments."""
    return {model: after[model] - before[model] for model in after}


def _work(model: dict[str, Any]) -> Work:
    times_ms = {name: entry["ns"] / 1e6 for name, entry in model["inference_stats"].items()}
    return Work(
        calls=model["inference_stats"]["success"]["count"],
        runs=model["execution_count"],
        total_ms=times_ms["success"],
        queue_ms=times_ms["queue"],
        input_ms=times_ms["compute_input"],
        infer_ms=times_ms["compute_infer"],
        output_ms=times_ms["compute_output"],
    )
