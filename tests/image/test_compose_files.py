"""Compose itself takes the files that the documents name."""

import os
import subprocess

import pytest
import yaml

from tests.image.compose import program
from tests.project import ROOT

FILES = ("docker-compose.yml", "docker-compose.cpu.yml", "deploy/compose/compose.yaml", "deploy/observe/compose.yaml")


def config(file: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """What Compose makes of a file."""
    command = [*program(), "--file", file, "config"]
    environment = os.environ | variables
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_taken_with_all_its_services(file: str) -> None:
    made = config(file, GRAFANA_PASSWORD="of this test")  # noqa: S106 - no secret
    assert made.returncode == 0, made.stderr
    written = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    assert yaml.safe_load(made.stdout)["services"].keys() == written["services"].keys()


def test_without_a_password_grafana_is_not_started() -> None:
    made = config("deploy/observe/compose.yaml")
    assert made.returncode != 0
    assert "set a password for Grafana" in made.stderr
