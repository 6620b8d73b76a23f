"""Values that cannot work are refused with one sentence, before anything is applied."""

from typing import Any

import helm_python
import pytest

from tests.deploy import chart
from tests.deploy.chart import PROMETHEUS

REFUSED: list[tuple[str, Any, str]] = [
    ("an unknown key", {"replica": 3}, "at '': additional properties 'replica' not allowed"),
    ("an unknown key inside", {"resources": {"cpu": 2}}, "at '/resources': additional properties 'cpu' not allowed"),
    ("a word for a number", {"replicas": "two"}, "at '/replicas': got string, want integer"),
    ("a word for yes or no", {"disruptionBudget": "maybe"}, "at '/disruptionBudget': got string, want boolean"),
    ("no servers", {"replicas": 0}, "at '/replicas': minimum: got 0, want 1"),
    ("an unknown profile", {"profile": "cuda"}, "at '/profile': value must be one of 'cpu', 'gpu'"),
    ("too little shared memory", {"resources": {"sharedMemoryMi": 64}}, "at '/resources/sharedMemoryMi': minimum"),
    ("a key with a space", {"adminKey": {"value": "a key"}}, "at '/adminKey/value': 'a key' does not match pattern"),
    ("a path for an address", {"models": {"address": {"url": "/models"}}}, "at '/models/address/url'"),
    (
        "labels that are the chart's",
        {"podLabels": {"app.kubernetes.io/name": "x"}},
        "podLabels must not have app.kubernetes.io/name",
    ),
    ("the newest image, whichever", {"image": {"tag": "latest"}}, "image.tag must name a release"),
    ("a GPU's profile without one", {"profile": "gpu"}, "profile gpu needs a GPU: set resources.gpus"),
    ("a claim without a name", {"models": {"source": "claim"}}, "needs models.claim.name"),
    ("an image without a name", {"models": {"source": "oci"}}, "needs models.oci.reference"),
    ("a store without an address", {"models": {"source": "address"}}, "needs models.address.url"),
    (
        "a version where there is no choice",
        {"models": {"source": "address", "address": {"url": "s3://bucket/models"}, "version": 2}},
        "models.version 2 cannot be chosen at an address",
    ),
    ("a mode that Triton has not", {"models": {"control": "pull"}}, "at '/models/control': value must be one of"),
    ("keda without Prometheus", {"autoscaling": {"kind": "keda"}}, "needs autoscaling.keda.prometheusAddress"),
    ("an HPA without its metric", {"autoscaling": {"kind": "hpa"}}, "set monitoring.rule to true"),
    (
        "fewer at most than at least",
        {"autoscaling": {"kind": "keda", "minReplicas": 9, "keda": {"prometheusAddress": PROMETHEUS}}},
        "autoscaling.maxReplicas (8) must not be below autoscaling.minReplicas (9)",
    ),
    (
        "a window of one look",
        {"autoscaling": {"kind": "keda", "windowSeconds": 30, "keda": {"prometheusAddress": PROMETHEUS}}},
        "autoscaling.windowSeconds (30) must be at least four times monitoring.intervalSeconds (15)",
    ),
    ("two keys", {"adminKey": {"value": "a", "existingSecret": "b"}}, "adminKey.value or adminKey.existingSecret"),
    ("an ingress for nobody", {"expose": {"kind": "ingress"}}, "expose.kind ingress needs expose.hosts"),
    (
        "a gateway without a name",
        {"expose": {"kind": "gateway", "hosts": ["a.example.com"]}},
        "needs expose.gateway.name",
    ),
    (
        "a proxy that is locked out",
        {"expose": {"kind": "ingress", "hosts": ["a.example.com"]}},
        "networkPolicy.clients must let in the proxy of expose",
    ),
    (
        "gRPC by an ingress",
        {"expose": {"kind": "ingress", "hosts": ["a.example.com"], "grpcHosts": ["b.example.com"]}},
        "expose.grpcHosts needs expose.kind gateway",
    ),
    (
        "one host for both",
        {
            "expose": {
                "kind": "gateway",
                "hosts": ["a.example.com"],
                "grpcHosts": ["a.example.com"],
                "gateway": {"name": "g"},
            }
        },
        "a.example.com is in expose.hosts and in expose.grpcHosts",
    ),
    ("a rollout that cannot move", {"rollout": {"maxSurge": 0}}, "must not both be 0"),
]


@pytest.mark.parametrize(("values", "sentence"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_mistake_is_told_in_one_sentence(values: chart.Object, sentence: str) -> None:
    with pytest.raises(helm_python.HelmError) as refused:
        chart.render(values)
    said = str(refused.value).strip().splitlines()[-1]
    assert sentence in said
