"""What KServe is told of the image is what the chart tells Kubernetes."""

from typing import Any

import pytest
import yaml

from ocr_launch import serve
from tests.deploy import chart
from tests.deploy.chart import mebibytes
from tests.deploy.test_chart import KILLED_AFTER_S
from tests.project import ROOT

FOLDER = ROOT / "deploy" / "kserve"
SERVICES = ("service", "service-modelcar")
OF_THE_CHART = (
    "args",
    "securityContext",
    "startupProbe",
    "livenessProbe",
    "readinessProbe",
    "lifecycle",
    "volumeMounts",
)


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))["spec"]


@pytest.mark.parametrize("field", OF_THE_CHART)
def test_the_runtime_runs_the_image_as_the_chart_does(field: str) -> None:
    (container,) = read("runtime")["containers"]
    ours = chart.server(chart.render({}))[field]
    if field == "securityContext":  # a runtime has none for the pod
        ours = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, **ours}
    assert container[field] == ours


def test_the_runtime_has_the_charts_image_ports_and_shared_memory() -> None:
    runtime, objects = read("runtime"), chart.render({})
    (container,) = runtime["containers"]
    server = chart.server(objects)
    assert container["image"] == server["image"]
    ports = [{key: port[key] for key in ("name", "containerPort")} for port in container["ports"]]
    assert ports == server["ports"]
    (shm,) = (volume["emptyDir"] for volume in runtime["volumes"] if volume["name"] == "shm")
    (ours,) = (volume["emptyDir"] for volume in chart.pod(objects)["volumes"] if volume["name"] == "shm")
    assert (shm["medium"], mebibytes(shm["sizeLimit"])) == (ours["medium"], mebibytes(ours["sizeLimit"]))
    assert mebibytes(container["resources"]["limits"]["memory"]) == mebibytes(server["resources"]["limits"]["memory"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_lets_requests_in_flight_be_answered(name: str) -> None:
    (container,) = read("runtime")["containers"]
    slept_s = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert read(name)["predictor"]["terminationGracePeriodSeconds"] >= slept_s + KILLED_AFTER_S


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_asks_for_the_runtime_and_one_of_its_formats(name: str) -> None:
    metadata = yaml.safe_load((FOLDER / "runtime.yaml").read_text(encoding="utf-8"))["metadata"]
    model = read(name)["predictor"]["model"]
    assert model["runtime"] == metadata["name"]
    formats = [{key: found[key] for key in ("name", "version")} for found in read("runtime")["supportedModelFormats"]]
    assert model["modelFormat"] in formats


def test_models_of_ones_own_are_taken_from_where_kserve_puts_them() -> None:
    model = read("service-modelcar")["predictor"]["model"]
    assert model["storageUri"].startswith("oci://")
    assert {"name": "OCR_MODEL_REPOSITORY", "value": "/mnt/models"} in model["env"]
    assert serve.MODELS != "/mnt/models"
