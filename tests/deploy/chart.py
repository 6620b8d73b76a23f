"""The chart as it renders, and a matrix of values that users may give it."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import helm_python
import yaml

from tests.project import ROOT

CHART = ROOT / "deploy" / "helm" / "ocr-triton"
RELEASE, NAMESPACE = "read", "ocr"
PROMETHEUS = "http://prometheus.monitoring:9090"
PROXY = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateway"}}}]

Object = dict[str, Any]
"""A Kubernetes object, or a part of one."""


def values_file(name: str) -> Object:
    """One of the files of values beside the chart."""
    content: Object = yaml.safe_load((CHART / f"values-{name}.yaml").read_text(encoding="utf-8"))
    return content


MATRIX: dict[str, Object] = {
    "defaults": {},
    "one server": {"replicas": 1},
    "values-cpu.yaml": values_file("cpu"),
    "values-gpu.yaml": values_file("gpu"),
    "half a core more": {"resources": {"cpus": 1.5}},
    "tensorrt": {"profile": "tensorrt", "resources": {"gpus": 1}, "health": {"startSeconds": 1800}},
    "tensorrt, built at each start": {"profile": "tensorrt", "resources": {"gpus": 1}, "engines": {"keep": False}},
    "tensorrt, scaled": {
        "profile": "tensorrt",
        "resources": {"gpus": 2},
        "engines": {"storageClassName": "fast"},
        "autoscaling": {"kind": "keda", "keda": {"prometheusAddress": PROMETHEUS}},
    },
    "models of a claim": {"models": {"source": "claim", "claim": {"name": "models", "subPath": "v2"}}},
    "version 12 of a claim's models, whatever comes": {
        "models": {"source": "claim", "claim": {"name": "models"}, "version": 12, "control": "none"}
    },
    "models of an image": {
        "models": {"source": "oci", "oci": {"reference": "registry.local/models:1", "subPath": "v2"}}
    },
    "models of a store": {
        "models": {"source": "address", "address": {"url": "s3://bucket/models", "credentialsSecret": "s3"}}
    },
    "hpa": {"autoscaling": {"kind": "hpa"}, "monitoring": {"kind": "pod", "rule": True}},
    "keda": {"autoscaling": {"kind": "keda", "keda": {"prometheusAddress": PROMETHEUS, "fallbackReplicas": 3}}},
    "keda, one server at night": {
        "autoscaling": {"kind": "keda", "minReplicas": 1, "keda": {"prometheusAddress": PROMETHEUS}}
    },
    "service monitor": {"monitoring": {"kind": "service", "labels": {"release": "prometheus"}}},
    "ingress": {
        "expose": {
            "kind": "ingress",
            "hosts": ["ocr.example.com"],
            "ingress": {"className": "nginx", "tlsSecret": "tls"},
        },
        "networkPolicy": {"clients": PROXY},
    },
    "gateway": {
        "expose": {
            "kind": "gateway",
            "hosts": ["ocr.example.com"],
            "grpcHosts": ["grpc.example.com"],
            "gateway": {"name": "public", "namespace": "gateway", "sectionName": "https"},
        },
        "networkPolicy": {"clients": PROXY},
    },
    "a key": {"adminKey": {"value": "a-key.of_ours"}},
    "a key of a secret": {"adminKey": {"existingSecret": "ours"}},
    "no policy": {"networkPolicy": {"enabled": False}, "disruptionBudget": False},
    "an image by digest": {
        "image": {"repository": "registry.local/ocr", "digest": "sha256:" + 64 * "0", "pullSecrets": ["registry"]}
    },
    "all that a pod may have": {
        "extraArgs": ["--log-verbose=1"],
        "extraEnv": [{"name": "AWS_REGION", "value": "eu-central-1"}],
        "podAnnotations": {"owner": "us"},
        "podLabels": {"team": "us"},
        "nodeSelector": {"pool": "ocr"},
        "tolerations": [{"key": "ocr", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "topologySpreadConstraints": [
            {"topologyKey": "rack", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
        ],
        "priorityClassName": "high",
        "runtimeClassName": "nvidia",
        "preStopSeconds": 0,
        "health": {"leaveWhenOverloaded": False},
        "rollout": {"maxSurge": "25%", "maxUnavailable": 0},
    },
}


@cache
def _chart() -> helm_python.Chart:
    return helm_python.Chart.load(CHART)


@cache
def _files(values: str) -> dict[str, str]:
    rendered: dict[str, str] = _chart().render(values=json.loads(values), name=RELEASE, namespace=NAMESPACE)
    return rendered


def files(values: Mapping[str, Any]) -> dict[str, str]:
    """What Helm renders: the text of each template by its path.

    Raises:
        helm_python.HelmError: It refuses the values.
    """
    return _files(json.dumps(values))


def render(values: Mapping[str, Any]) -> list[Object]:
    """The objects that Helm would apply, the pod of `helm test` among them."""
    manifests = (text for path, text in files(values).items() if not path.endswith("NOTES.txt"))
    return [found for text in manifests for found in yaml.load_all(text, UniqueKeys) if found]


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    """Those of one of some kinds."""
    return [found for found in objects if found["kind"] in kinds]


def workload(objects: list[Object]) -> Object:
    """The Deployment or StatefulSet."""
    (found,) = of_kind(objects, "Deployment", "StatefulSet")
    return found


def pod(objects: list[Object]) -> Object:
    """What its servers look like."""
    spec: Object = workload(objects)["spec"]["template"]["spec"]
    return spec


def server(objects: list[Object]) -> Object:
    """The one container of a server."""
    (container,) = pod(objects)["containers"]
    found: Object = container
    return found


def mebibytes(quantity: str) -> int:
    """A quantity of memory.

    >>> mebibytes("2Gi"), mebibytes("512Mi")
    (2048, 512)
    """
    number, unit = int(quantity[:-2]), quantity[-2:]
    return number * {"Mi": 1, "Gi": 1024}[unit]


class UniqueKeys(yaml.CSafeLoader):
    """YAML whose mappings have each key once; PyYAML would take the last, and the API server refuses."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping.

        Raises:
            yaml.constructor.ConstructorError: A key is there twice.
        """
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)
