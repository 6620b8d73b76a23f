"""What the chart and the files for KServe say is what Kubernetes and its operators understand."""

from pathlib import Path

import helm_python
import jsonschema
import pytest
import yaml

from tests.deploy import chart, schemas
from tests.deploy.chart import CHART, MATRIX
from tests.project import ROOT

KSERVE = sorted((ROOT / "deploy" / "kserve").glob("*.yaml"))
# Where the oldest Kubernetes that the chart takes does not do: image volumes with a subPath.
FIRST = {"models of an image": "1.33"}
RENDERED = [(name, version) for name in MATRIX for version in (FIRST.get(name, schemas.OLDEST), schemas.NEWEST)]


@pytest.mark.parametrize(("name", "version"), RENDERED)
def test_kubernetes_understands_what_the_chart_renders(name: str, version: str) -> None:
    schemas.check_all(chart.render(MATRIX[name]), version)


@pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX)
def test_helm_has_nothing_to_say_against_the_chart(values: chart.Object) -> None:
    report = helm_python.lint(CHART, values=values, strict=True)
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("version", [schemas.OLDEST, schemas.NEWEST])
@pytest.mark.parametrize("file", KSERVE, ids=lambda file: file.name)
def test_kserve_understands_its_files(file: Path, version: str) -> None:
    schemas.check(yaml.load(file.read_text(encoding="utf-8"), chart.UniqueKeys), version)  # noqa: S506 - a SafeLoader


def test_the_oldest_kubernetes_is_the_charts() -> None:
    metadata = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert metadata["kubeVersion"] == f">={schemas.OLDEST}.0-0"


@pytest.mark.parametrize("place", ["spec", "container", "behavior"])
def test_a_misspelt_field_is_found(place: str) -> None:
    """The checks above can fail, also deep inside custom resources."""
    objects = chart.render(MATRIX["keda"])
    (scaled,) = chart.of_kind(objects, "ScaledObject")
    where = {
        "spec": scaled["spec"],
        "container": chart.server(objects),
        "behavior": scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"],
    }[place]
    where["maxReplicaCounts"] = 3
    with pytest.raises(jsonschema.ValidationError, match="maxReplicaCounts"):
        schemas.check_all(objects, schemas.NEWEST)
