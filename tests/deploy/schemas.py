"""Whether Kubernetes would take an object: its own schemas, and ours of custom resources."""

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from tests.deploy.chart import Object

# The oldest that the chart takes, and the newest that there are schemas for.
OLDEST, NEWEST = "1.30", kubernetes_validate.latest_version()
CUSTOM = Path(__file__).parent / "custom_resources"
# An object of Kubernetes' own around a part of a custom resource.
META = {"metadata": {"name": "part"}}


def check(found: Object, version: str) -> None:
    """Nothing is misspelt, of the wrong type or missing.

    Args:
        found: A Kubernetes object.
        version: Of Kubernetes, such as 1.30.

    Raises:
        jsonschema.ValidationError: Something is; it says where.
    """
    schema = custom(found["kind"])
    if schema is None:
        kubernetes_validate.validate(found, version, strict=True)
        return
    jsonschema.Draft202012Validator(schema).validate(found)
    for part in parts(found):
        kubernetes_validate.validate(part, version, strict=True)


def check_all(objects: list[Object], version: str) -> None:
    """The same for each of several objects."""
    for found in objects:
        check(found, version)


@cache
def custom(kind: str) -> dict[str, Any] | None:
    """The schema of a custom resource; None if Kubernetes has this kind itself."""
    file = CUSTOM / f"{kind}.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None


def parts(found: Object) -> list[Object]:
    """What a custom resource takes over from Kubernetes, as objects that Kubernetes knows."""
    spec = found["spec"]
    if found["kind"] == "ScaledObject":
        target = {key: spec["scaleTargetRef"][key] for key in ("apiVersion", "kind", "name")}
        behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        scaler = {"scaleTargetRef": target, "maxReplicas": spec["maxReplicaCount"], "behavior": behavior}
        return [{"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", **META, "spec": scaler}]
    if found["kind"] == "ClusterServingRuntime":
        return [_pod({key: spec[key] for key in ("containers", "volumes")})]
    if found["kind"] == "InferenceService":
        return _of_predictor(spec["predictor"])
    return []


def _of_predictor(predictor: Object) -> list[Object]:
    own = {"modelFormat", "runtime", "storageUri"}
    container = {"name": "model", **{key: value for key, value in predictor["model"].items() if key not in own}}
    of_pods = {"terminationGracePeriodSeconds", "automountServiceAccountToken", "securityContext", "tolerations"}
    pod = _pod({"containers": [container], **{key: predictor[key] for key in of_pods & set(predictor)}})
    strategy = predictor.get("deploymentStrategy", {})
    spec = {"selector": {}, "template": {**META, "spec": pod["spec"]}, "strategy": strategy}
    return [pod, {"apiVersion": "apps/v1", "kind": "Deployment", **META, "spec": spec}]


def _pod(spec: Object) -> Object:
    return {"apiVersion": "v1", "kind": "Pod", **META, "spec": spec}
