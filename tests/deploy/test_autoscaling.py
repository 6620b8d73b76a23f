"""The queries that servers are scaled by: they parse, say what the docs say, and name what Triton counts."""

import re

import promql_parser
import pytest
import yaml

from ocr_launch.repository import Repository
from tests.deploy import chart
from tests.deploy.chart import MATRIX, of_kind
from tests.project import MODEL_REPOSITORY, ROOT

QUEUE = "nv_inference_queue_duration_us"


def keda() -> str:
    (scaled,) = of_kind(chart.render(MATRIX["keda"]), "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    return str(trigger["metadata"]["query"])


def rule() -> str:
    (found,) = of_kind(chart.render(MATRIX["hpa"]), "PrometheusRule")
    ((recorded,),) = (group["rules"] for group in found["spec"]["groups"])
    return str(recorded["expr"])


def kserve() -> str:
    service = yaml.safe_load((ROOT / "deploy" / "kserve" / "service.yaml").read_text(encoding="utf-8"))
    (metric,) = service["spec"]["predictor"]["autoScaling"]["metrics"]
    return str(metric["external"]["metric"]["query"])


QUERIES = {"keda": keda, "rule": rule, "kserve": kserve}
each_query = pytest.mark.parametrize("name", QUERIES)


@each_query
def test_a_query_is_of_requests_that_wait(name: str) -> None:
    """A quotient: the sum of a counter's rate over the microseconds of a second."""
    quotient = promql_parser.parse(QUERIES[name]())
    assert isinstance(quotient, promql_parser.BinaryExpr)
    assert isinstance(quotient.rhs, promql_parser.NumberLiteral)
    assert (str(quotient.op), quotient.rhs.val) == ("/", 1e6)
    assert isinstance(quotient.lhs, promql_parser.AggregateExpr)
    rate = quotient.lhs.expr
    assert isinstance(rate, promql_parser.Call)
    assert (rate.func.name, rate.args[0].vector_selector.name) == ("rate", QUEUE)


@each_query
def test_a_query_asks_for_the_models_that_have_queues(name: str) -> None:
    repository = Repository(MODEL_REPOSITORY)
    (models,) = re.findall(r'model=~"(.+?)"', QUERIES[name]())
    assert models.split("|") == [*repository.steps, *repository.called]


@pytest.mark.parametrize(("name", "pod"), [("keda", "read-ocr-triton-7d9f-x2x"), ("kserve", "ocr-predictor-7d9f-x2x")])
def test_a_query_asks_for_the_servers_of_its_release_only(name: str, pod: str) -> None:
    (pattern,) = re.findall(r'pod=~"(.+?)"', QUERIES[name]())
    assert re.fullmatch(pattern, pod)
    assert not re.fullmatch(pattern, f"another-{pod}")
    assert 'namespace="ocr"' in QUERIES[name]()


def test_the_hpa_follows_the_metric_that_the_rule_records() -> None:
    objects = chart.render(MATRIX["hpa"])
    (scaler,) = of_kind(objects, "HorizontalPodAutoscaler")
    (found,) = of_kind(objects, "PrometheusRule")
    (metric,) = scaler["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == found["spec"]["groups"][0]["rules"][0]["record"]


def test_a_silent_prometheus_is_no_reason_to_stop_servers() -> None:
    (scaled,) = of_kind(chart.render(MATRIX["keda"]), "ScaledObject")
    assert scaled["spec"]["triggers"][0]["metadata"]["ignoreNullValues"] == "false"
    assert scaled["spec"]["fallback"]["replicas"] == MATRIX["keda"]["autoscaling"]["keda"]["fallbackReplicas"]
