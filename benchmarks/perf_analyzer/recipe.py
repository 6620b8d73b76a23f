"""What perf_analyzer and Model Analyzer are to be told of this server."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.baselines import perf_analyzer

INPUT = "images.json"
CONFIGURATION = "model_analyzer.yaml"
# Model Analyzer's requests under way at once.
CONCURRENCIES = (1, 2, 4, 8)
# Height and width of what it sends to the networks: a form of usual size as the detector sees it, and a line of text.
PAGE_PX, CROP_PX = (960, 736), (48, 320)


@dataclass(frozen=True)
class Target:
    """The server that is measured.

    Attributes:
        url: `host:port` of HTTP.
        grpc_url: Of gRPC.
        metrics_url: Of metrics.
        detector: Model that finds text.
        recognizer: Model that a Python step calls: the tools cannot find it in the ensemble's configuration.
    """

    url: str
    grpc_url: str
    metrics_url: str
    detector: str
    recognizer: str


def write(target: Target, images: Sequence[Path], folder: Path) -> None:
    """Write perf_analyzer's input, and Model Analyzer's configuration, into a folder that is there."""
    perf_analyzer.write_input(images, folder / INPUT)
    # JSON is YAML, too.
    (folder / CONFIGURATION).write_text(json.dumps(configuration(target, folder), indent=2) + "\n", encoding="utf-8")


def perf_analyzer_line(
    target: Target, folder: Path, command: Sequence[str | Path], concurrency: int, requests: int
) -> str:
    """The line that runs perf_analyzer at one level of load.

    Args:
        target: The server.
        folder: Where the input is.
        command: What `find` of `benchmarks.baselines.perf_analyzer` gave.
        concurrency: Requests under way at once.
        requests: It ends after so many, no fewer than are under way at once.
    """
    load = perf_analyzer.arguments(target.recognizer, folder / INPUT, target.url, concurrency, requests)
    return shlex.join(map(str, [*command, *load]))


def configuration(target: Target, folder: Path) -> dict[str, Any]:
    """Model Analyzer's: the two networks of the running server are measured as they stand, with these levels of load.

    It measures an ensemble only while it searches for other configurations of its steps, and loads each anew.
    """
    return {
        "triton_launch_mode": "remote",
        "triton_http_endpoint": target.url,
        "triton_grpc_endpoint": target.grpc_url,
        "triton_metrics_url": f"http://{target.metrics_url}/metrics",
        "client_protocol": "http",
        "run_config_search_disable": True,
        "reload_model_disable": True,
        "export_path": str(folder),
        "checkpoint_directory": str(folder / "checkpoints"),
        "output_model_repository_path": str(folder / "output_model_repository"),
        "override_output_model_repository": True,
        "profile_models": {
            name: {
                "parameters": {"concurrency": list(CONCURRENCIES)},
                "perf_analyzer_flags": {"shape": f"{tensor}:{height},{width},3"},
            }
            for name, (tensor, height, width) in {
                target.detector: ("image", *PAGE_PX),
                target.recognizer: ("crops", *CROP_PX),
            }.items()
        },
    }
