"""What a running server shows: each metric that alerts and dashboard ask for, and the pages that it has read."""

import re
import urllib.request
from statistics import mean

import pytest

from ocr_client import BadImage, OcrClient
from ocr_core import metrics
from tests.deploy import observed
from tests.project import SAMPLES
from tests.triton import Triton

EXPRESSIONS = observed.expressions()
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')

Series = dict[str, list[tuple[dict[str, str], float]]]
"""Metric → labels and value of each of its series."""


def shown(triton: Triton) -> Series:
    if triton.metrics_url is None:
        pytest.skip("--triton names an address without metrics")
    with urllib.request.urlopen(f"http://{triton.metrics_url}/metrics", timeout=60) as answer:
        page = answer.read().decode()
    found: Series = {}
    for name, labels, value in SAMPLE.findall(page):
        found.setdefault(name, []).append((dict(LABEL.findall(labels)), float(value)))
    return found


def value(series: Series, name: str, **labels: str) -> float:
    return sum(amount for found, amount in series[name] if labels.items() <= found.items())


@pytest.fixture(scope="module")
def series(triton: Triton) -> Series:
    """What is shown after a page was read."""
    with OcrClient(triton.url) as client:
        client.read(SAMPLES / "label.png")
    return shown(triton)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_what_is_asked_for_is_shown(series: Series, name: str) -> None:
    asked = [selector for selector in observed.selectors(EXPRESSIONS[name]) if selector.name != observed.PROMETHEUS_OWN]
    assert asked
    for selector in asked:
        assert selector.name in series
        wanted = dict(LABEL.findall(re.sub(r'instance=~"[^"]*"', "", str(selector.matchers))))
        for label, found in wanted.items():
            assert set(found.split("|")) <= {labels.get(label) for labels, _ in series[selector.name]}


@pytest.mark.parametrize("metric", metrics.METRICS, ids=lambda metric: metric.name)
def test_what_the_steps_count_is_shown_by_model_and_label(series: Series, metric: metrics.Metric) -> None:
    found = series[f"{metric.name}_count" if metric.buckets else metric.name]
    assert all({"model", "version"} <= labels.keys() for labels, _ in found)
    assert {labels.get(metric.label, "") for labels, _ in found} == set(metric.values)


def test_a_page_is_counted_with_its_lines_its_confidence_and_its_time(triton: Triton, client: OcrClient) -> None:
    before = shown(triton)
    page = client.read(SAMPLES / "label.png")
    after = shown(triton)

    def more(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("ocr_page_lines_count") == 1
    assert more("ocr_page_lines_sum") == len(page.lines)
    assert more("ocr_page_confidence_ratio_sum") == pytest.approx(
        mean(line.confidence for line in page.lines), abs=1e-3
    )
    assert more("ocr_work_duration_seconds_count", work="decoding") == 1
    steps_s = sum(more("ocr_step_duration_seconds_sum", step=step) for step in metrics.STEP_DURATION.values)
    assert 0 < more("ocr_page_duration_seconds_sum") == pytest.approx(steps_s)


def test_a_page_without_text_is_in_a_bucket_of_its_own(triton: Triton, client: OcrClient) -> None:
    before = shown(triton)
    client.read(SAMPLES / "blank.png")
    client.read(SAMPLES / "label.png")
    after = shown(triton)
    without = [value(found, "ocr_page_lines_bucket", le="0") for found in (before, after)]
    assert without[1] - without[0] == 1


def test_a_refusal_is_counted_by_its_reason(triton: Triton, client: OcrClient) -> None:
    before = value(shown(triton), "ocr_requests_failed_total", reason="bad_image")
    with pytest.raises(BadImage):
        client.read(b"no image")
    assert value(shown(triton), "ocr_requests_failed_total", reason="bad_image") == before + 1


def test_no_metric_is_shown_twice(triton: Triton) -> None:
    for name, found in shown(triton).items():
        labels = [tuple(sorted(labels.items())) for labels, _ in found]
        assert len(labels) == len(set(labels)), name
