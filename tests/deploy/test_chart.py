"""What must hold in whatever the chart renders: the image's own facts, and what keeps images from being lost."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ocr_launch import profiles, serve
from ocr_launch.machine import SHARED_MEMORY_MB
from tests.deploy import chart
from tests.deploy.chart import CHART, MATRIX, mebibytes, of_kind
from tests.image.container import GRPC, HTTP, METRICS
from tests.image.image import DOCKERFILE

# After --exit-timeout-secs, ocr-serve waits for so long before it kills (docs/production.md, "Stop").
KILLED_AFTER_S = serve.EXIT_TIMEOUT_S + 3
PORTS = {"http": HTTP, "grpc": GRPC, "metrics": METRICS}

each_values = pytest.mark.parametrize("values", MATRIX.values(), ids=MATRIX)


def test_the_chart_has_the_projects_version() -> None:
    metadata = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    label = re.search(r'image\.version="(.+?)"', DOCKERFILE.read_text(encoding="utf-8"))
    assert label
    assert metadata["appVersion"] == label[1]


def test_the_profiles_are_the_launchers() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]["profile"]["enum"]) == set(profiles.PROFILES)


@each_values
def test_shared_memory_is_a_volume_that_the_memory_limit_counts(values: chart.Object) -> None:
    objects = chart.render(values)
    (volume,) = (found for found in chart.pod(objects)["volumes"] if found["name"] == "shm")
    assert volume["emptyDir"]["medium"] == "Memory"
    assert mounts(objects)["shm"] == "/dev/shm"  # noqa: S108 - where Linux has it
    shared_mib = mebibytes(volume["emptyDir"]["sizeLimit"])
    assert shared_mib * 2**20 >= SHARED_MEMORY_MB * 10**6
    beside_mib = values.get("resources", {}).get("serverMemoryMi", 5120)
    assert mebibytes(chart.server(objects)["resources"]["limits"]["memory"]) == beside_mib + shared_mib


@each_values
def test_what_the_server_writes_to_is_a_volume(values: chart.Object) -> None:
    objects = chart.render(values)
    writable = {"/tmp", "/dev/shm"} | ({str(serve.ENGINES)} if values.get("profile") == "tensorrt" else set())  # noqa: S108 - see above
    read_only = {mount["mountPath"] for mount in chart.server(objects)["volumeMounts"] if mount.get("readOnly")}
    assert set(mounts(objects).values()) - read_only == writable
    assert read_only <= {serve.MODELS}


@each_values
def test_ports_are_the_images(values: chart.Object) -> None:
    objects = chart.render(values)
    assert {port["name"]: port["containerPort"] for port in chart.server(objects)["ports"]} == PORTS
    for service in of_kind(objects, "Service"):
        for port in service["spec"]["ports"]:
            assert (port["port"], port["targetPort"]) == (PORTS[port["name"]], port["name"])


@each_values
def test_selectors_find_the_servers_and_nothing_else(values: chart.Object) -> None:
    objects = chart.render(values)
    labels = chart.workload(objects)["spec"]["template"]["metadata"]["labels"]
    (of_test,) = (found["metadata"]["labels"] for found in of_kind(objects, "Pod"))
    for selector in selectors(objects):
        assert selector.items() <= labels.items()
        assert not selector.items() <= of_test.items()


@each_values
def test_probes_ask_the_images_own_questions(values: chart.Object) -> None:
    server = chart.server(chart.render(values))
    least = (
        values.get("autoscaling", {}).get("minReplicas", 2) if "autoscaling" in values else values.get("replicas", 2)
    )
    leaves = values.get("health", {}).get("leaveWhenOverloaded", True) and least > 1
    assert server["startupProbe"]["exec"]["command"] == ["ocr-health", "deep"]
    assert server["livenessProbe"]["exec"]["command"] == ["ocr-health", "live"]
    assert server["readinessProbe"]["exec"]["command"] == ["ocr-health", "ready", *([] if leaves else ["--alone"])]


@each_values
def test_a_server_may_start_for_as_long_as_is_said(values: chart.Object) -> None:
    objects = chart.render(values)
    probe = chart.server(objects)["startupProbe"]
    start_s = values.get("health", {}).get("startSeconds", 300)
    assert probe["failureThreshold"] * probe["periodSeconds"] >= start_s
    assert chart.workload(objects)["spec"].get("progressDeadlineSeconds", start_s + 1) > start_s


@each_values
def test_requests_in_flight_are_answered_before_the_server_is_killed(values: chart.Object) -> None:
    pod = chart.pod(chart.render(values))
    (server,) = pod["containers"]
    slept_s = server["lifecycle"]["preStop"].get("sleep", {}).get("seconds", 0)
    assert pod["terminationGracePeriodSeconds"] >= slept_s + KILLED_AFTER_S


@each_values
def test_nothing_is_root_or_may_become_it(values: chart.Object) -> None:
    for pod in pods(chart.render(values)):
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 1000)
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"].keys() >= {"cpu", "memory"}


@each_values
def test_every_image_is_of_a_release(values: chart.Object) -> None:
    (image,) = {container["image"] for pod in pods(chart.render(values)) for container in pod["containers"]}
    assert re.fullmatch(r".+(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})", image)


@each_values
def test_the_number_of_servers_is_set_in_one_place(values: chart.Object) -> None:
    objects = chart.render(values)
    scalers = of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject")
    assert ("replicas" in chart.workload(objects)["spec"]) == (not scalers)
    for scaler in scalers:
        target = scaler["spec"]["scaleTargetRef"]
        found = chart.workload(objects)
        assert (target["kind"], target["name"]) == (found["kind"], found["metadata"]["name"])


@each_values
def test_the_engines_of_tensorrt_outlive_their_server_if_they_are_kept(values: chart.Object) -> None:
    found = chart.workload(chart.render(values))
    kept = values.get("profile") == "tensorrt" and values.get("engines", {}).get("keep", True)
    assert found["kind"] == ("StatefulSet" if kept else "Deployment")
    if kept:
        assert found["spec"]["serviceName"] == "read-ocr-triton-headless"
        assert [claim["metadata"]["name"] for claim in found["spec"]["volumeClaimTemplates"]] == ["engines"]


def test_a_gpu_is_asked_for_where_the_profile_needs_one() -> None:
    server = chart.server(chart.render(MATRIX["values-gpu.yaml"]))
    assert server["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert {"name": "OCR_PROFILE", "value": "gpu"} in server["env"]


def test_the_version_of_the_models_and_who_changes_it_are_as_asked_for() -> None:
    names = ("OCR_VERSION", "OCR_MODEL_CONTROL")
    asked, by_default = (environment(name) for name in ("version 12 of a claim's models, whatever comes", "defaults"))
    assert [asked.get(name) for name in names] == ["12", "none"]
    assert not by_default.keys() & {*names}


@pytest.mark.parametrize("name", ["ingress", "gateway"])
def test_only_the_ensemble_and_health_are_shown_outside(name: str) -> None:
    """The steps behind it take what no image can hold, see SECURITY.md."""
    text = "".join(chart.files(MATRIX[name]).values())
    shown = {"/v2/models/ocr_ensemble", "/v2/models/ocr", "/v2/health"}
    assert set(re.findall(r"(?:path|value): (/v2\S+)", text)) == shown


def test_grpc_outside_cannot_load_models_or_map_memory() -> None:
    (route,) = of_kind(chart.render(MATRIX["gateway"]), "GRPCRoute")
    (rule,) = route["spec"]["rules"]
    methods = {match["method"]["method"] for match in rule["matches"]}
    assert "ModelInfer" in methods
    assert not [name for name in methods if re.search("Repository|SharedMemory|Trace|Log", name)]


def test_the_policy_lets_in_clients_the_test_and_prometheus() -> None:
    (policy,) = of_kind(chart.render(MATRIX["gateway"]), "NetworkPolicy")
    images, metrics = policy["spec"]["ingress"]
    assert images["from"][:-1] == chart.PROXY
    (of_test,) = (found["metadata"]["labels"] for found in of_kind(chart.render({}), "Pod"))
    assert images["from"][-1]["podSelector"]["matchLabels"].items() <= of_test.items()
    assert [[port["port"] for port in rule["ports"]] for rule in (images, metrics)] == [["http", "grpc"], ["metrics"]]


@pytest.mark.parametrize("name", ["a key", "a key of a secret"])
def test_the_key_comes_from_a_secret_only(name: str) -> None:
    objects = chart.render(MATRIX[name])
    (variable,) = (found for found in chart.server(objects)["env"] if found["name"] == "OCR_ADMIN_KEY")
    source = variable["valueFrom"]["secretKeyRef"]
    ours = {found["metadata"]["name"]: found["stringData"] for found in of_kind(objects, "Secret")}
    assert ours.get(source["name"], {"key": "a-key.of_ours"})[source["key"]] == "a-key.of_ours"
    assert "a-key.of_ours" not in str(chart.workload(objects))


@each_values
def test_the_notes_say_how_to_call_it(values: chart.Object) -> None:
    (notes,) = (text for path, text in chart.files(values).items() if path.endswith("NOTES.txt"))
    assert "localhost:8000/v2/models/ocr_ensemble/infer" in notes
    assert "dns:///read-ocr-triton-headless.ocr:8001" in notes
    for host in values.get("expose", {}).get("hosts", ()):
        assert f"https://{host}/v2/models/ocr_ensemble/infer" in notes


def mounts(objects: list[chart.Object]) -> dict[str, str]:
    """Where each volume is; every mount has a volume."""
    found = {mount["name"]: mount["mountPath"] for mount in chart.server(objects)["volumeMounts"]}
    claims = chart.workload(objects)["spec"].get("volumeClaimTemplates", [])
    volumes = {volume["name"] for volume in chart.pod(objects)["volumes"]}
    assert set(found) == volumes | {claim["metadata"]["name"] for claim in claims}
    return found


def pods(objects: list[chart.Object]) -> list[chart.Object]:
    """The servers' pod and that of `helm test`."""
    return [chart.pod(objects), *(found["spec"] for found in of_kind(objects, "Pod"))]


def selectors(objects: list[chart.Object]) -> Iterator[dict[str, Any]]:
    """All that choose servers by their labels."""
    for found in objects:
        spec = found.get("spec", {})
        if found["kind"] == "Service":
            yield spec["selector"]
        elif found["kind"] == "NetworkPolicy":
            yield spec["podSelector"]["matchLabels"]
        elif found["kind"] in ("Deployment", "StatefulSet", "PodDisruptionBudget", "PodMonitor"):
            yield spec["selector"]["matchLabels"]


def environment(name: str) -> dict[str, str | None]:
    """Variables of the server with these values of the matrix; one from a secret has no value of its own."""
    server = chart.server(chart.render(MATRIX[name]))
    return {variable["name"]: variable.get("value") for variable in server["env"]}
