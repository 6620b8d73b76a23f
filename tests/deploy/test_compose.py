"""compose.yaml runs each server as the project's own Compose file does, and HAProxy knows all of them."""

import re
from typing import Any

import pytest
import yaml

from tests.project import ROOT

FOLDER = ROOT / "deploy" / "compose"
SERVICES: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))["services"]
ONE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.cpu.yml").read_text(encoding="utf-8"))["services"]["ocr"]
SERVERS = sorted(name for name in SERVICES if name != "balancer")


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_runs_as_the_one_of_the_projects_compose_file(name: str) -> None:
    here_only = {"build", "ports", "image"}
    assert {key: value for key, value in SERVICES[name].items() if key not in here_only} == {
        key: value for key, value in ONE.items() if key not in here_only
    }


def test_only_the_balancer_has_ports_and_on_this_machine_only() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["balancer"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["balancer"]["ports"])


def test_the_balancer_may_do_nothing_else() -> None:
    balancer = SERVICES["balancer"]
    assert balancer["cap_drop"] == ["ALL"]
    assert balancer["read_only"]
    assert not balancer["user"].startswith(("0", "root"))
    assert all(volume.endswith(":ro") for volume in balancer["volumes"])
    assert re.fullmatch(r"\$\{BALANCER_IMAGE:-haproxy:\d+\.\d+}", balancer["image"])


def test_haproxy_knows_all_servers_and_their_ports() -> None:
    text = (FOLDER / "haproxy.cfg").read_text(encoding="utf-8")
    backends = {name: set(re.findall(r"^    server \S+ (\S+)", part, re.MULTILINE)) for name, part in sections(text)}
    assert backends == {
        "http": {f"{name}:8000" for name in SERVERS},
        "grpc": {f"{name}:8001" for name in SERVERS},
    }


def sections(text: str) -> list[tuple[str, str]]:
    """The backends of a configuration: name and lines."""
    return re.findall(r"^backend (\w+)\n((?:    .+\n|\n|#.*\n)+)", text, re.MULTILINE)
