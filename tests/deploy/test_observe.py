"""deploy/observe/: alerts and dashboard ask in PromQL, documents say what to do, and Compose starts pinned images."""

import re

import pytest

from tests.deploy import observed
from tests.deploy.observed import ANY_INTERVAL, FOLDER, PROMETHEUS_OWN
from tests.image.container import METRICS
from tests.project import ROOT

EXPRESSIONS = observed.expressions()
ALERTS = observed.alerts()
SERVICES = observed.load("compose.yaml")["services"]
WATCHERS = sorted(SERVICES.keys() - {"ocr"})


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_asks_for_our_metrics_or_tritons(name: str) -> None:
    found = observed.selectors(EXPRESSIONS[name])
    assert found
    assert all(selector.name.startswith(("ocr_", "nv_")) or selector.name == PROMETHEUS_OWN for selector in found)


@pytest.mark.parametrize("name", [name for name in EXPRESSIONS if ":" in name])
def test_a_panel_shows_the_servers_that_are_chosen(name: str) -> None:
    chosen = {'instance=~"$instance"'}
    for selector in observed.selectors(EXPRESSIONS[name]):
        assert chosen <= {str(matcher) for matcher in re.findall(r"\w+=~?\"[^\"]*\"", str(selector.matchers))}


def test_every_alert_is_known_by_its_name_once() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"Ocr([A-Z][a-z]+)+", name) for name in names)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, dict[str, str]]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"]["summary"].endswith(".")
    page, _, anchor = rule["annotations"]["cure"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_panels_have_places_of_their_own_and_say_what_they_show() -> None:
    panels = observed.dashboard()["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["description"].endswith(".")
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_dashboard_takes_any_prometheus() -> None:
    board = observed.dashboard()
    assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${datasource}"}
    assert {variable["name"] for variable in board["templating"]["list"]} == {"datasource", "instance"}


def test_an_interval_of_grafanas_is_taken_for_one() -> None:
    assert f"[{ANY_INTERVAL}]" in "".join(EXPRESSIONS.values())
    assert "$__" not in "".join(EXPRESSIONS.values())


def test_prometheus_asks_the_server_and_reads_the_alerts() -> None:
    configuration = observed.load("prometheus.yaml")
    ((job,),) = ([job] for job in configuration["scrape_configs"])
    assert job["static_configs"] == [{"targets": [f"ocr:{METRICS}"]}]
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["prometheus"]["volumes"])
    assert configuration["rule_files"] == [mounts["./alerts.yaml"]]


@pytest.mark.parametrize("name", WATCHERS)
def test_a_service_beside_the_server_is_pinned_and_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[\w/-]+:v?\d+\.\d+\.\d+", service["image"])
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.mark.parametrize("name", WATCHERS)
def test_what_a_service_mounts_is_there_and_cannot_be_written(name: str) -> None:
    volumes = SERVICES[name]["volumes"]
    files = [volume.split(":") for volume in volumes if volume.startswith("./")]
    assert files
    assert all((FOLDER / source).is_file() and mode == "ro" for source, _, mode in files)
    named = {volume.split(":")[0] for volume in volumes if not volume.startswith("./")}
    assert named <= observed.load("compose.yaml")["volumes"].keys()


def test_the_server_is_the_one_of_the_projects_compose_file() -> None:
    extended = SERVICES["ocr"]["extends"]
    assert (FOLDER / extended["file"]).resolve() == ROOT / "docker-compose.cpu.yml"
    assert SERVICES["ocr"].keys() == {"extends", "command"}


def test_traces_go_to_the_collector() -> None:
    (address,) = re.findall(r"opentelemetry,url=http://(\S+?):(\d+)/v1/traces", " ".join(SERVICES["ocr"]["command"]))
    listens = observed.load("collector.yaml")["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert address == ("collector", listens.split(":")[1])
