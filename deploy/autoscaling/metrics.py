"""Triton's page of metrics."""

import re
import urllib.request

SAMPLE = re.compile(r"^(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Samples = dict[str, dict[str, float]]
"""Metric → model → value."""


def read(url: str) -> Samples:
    """The metrics of a server, by model; those of no model stand under an empty name.

    Args:
        url: `host:port` of metrics.

    Raises:
        OSError: It does not answer.
    """
    with urllib.request.urlopen(f"http://{url}/metrics", timeout=10) as answer:
        return parse(answer.read().decode())


def parse(page: str) -> Samples:
    r"""The values on a page, by metric and model.

    >>> parse('# TYPE a counter\na{model="m",version="1"} 2\nb 0.5\n')
    {'a': {'m': 2.0}, 'b': {'': 0.5}}
    """
    found: Samples = {}
    for sample in SAMPLE.finditer(page):
        labels = dict(LABEL.findall(sample["labels"] or ""))
        of_metric = found.setdefault(sample["name"], {})
        model = labels.get("model", "")
        of_metric[model] = of_metric.get(model, 0.0) + float(sample["value"])
    return found
