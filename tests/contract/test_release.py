"""One command raises the version wherever it stands: `make version`, bump-my-version with .bumpversion.toml."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from downloads import Environment
from tests.project import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONFIGURATION = ".bumpversion.toml"
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / CONFIGURATION).read_text(encoding="utf-8"))["tool"]["bumpversion"]
CURRENT: str = SETTINGS["current_version"]
FILES: list[dict[str, str]] = SETTINGS["files"]
CHANGELOG = ROOT / "CHANGELOG.md"
# Of Keep a Changelog 1.1.0.
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def locked(name: str) -> str:
    """The version of a package that `make version` takes."""
    text = (ROOT / "requirements" / "release.txt").read_text(encoding="utf-8")
    (found,) = re.findall(rf"^{name}==(\S+)", text, re.MULTILINE)
    return f"{name}=={found}"


def test_the_version_is_that_of_the_distributions() -> None:
    assert {version("ocr-triton"), version("ocr-triton-client")} == {CURRENT}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["filename"])
def test_each_place_is_found(file: dict[str, str]) -> None:
    text = (ROOT / file["filename"]).read_text(encoding="utf-8")
    assert file["search"].format(current_version=CURRENT) in text


def test_chart_and_image_have_the_version() -> None:
    chart = yaml.safe_load((ROOT / "deploy" / "helm" / "ocr-triton" / "Chart.yaml").read_text(encoding="utf-8"))
    assert (chart["version"], chart["appVersion"]) == (CURRENT, CURRENT)
    runtime = (ROOT / "deploy" / "kserve" / "runtime.yaml").read_text(encoding="utf-8")
    assert re.findall(r"image: ocr-triton:(\S+)", runtime) == [CURRENT]


def test_the_changelog_has_the_form_of_keep_a_changelog() -> None:
    text = CHANGELOG.read_text(encoding="utf-8")
    first, *released = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert first == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", heading) for heading in released)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= KINDS


@pytest.mark.frameworks
def test_the_command_raises_it_everywhere(tmp_path: Path) -> None:
    for name in (CONFIGURATION, *(file["filename"] for file in FILES)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    tool = Environment("bump-my-version", (locked("bump-my-version"),))
    command = tool.command("-m", "bumpversion", "bump", "--new-version", "12.34.56", "--no-commit", "--no-tag")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr
    for file in FILES:
        before, after = (folder.joinpath(file["filename"]).read_text(encoding="utf-8") for folder in (ROOT, tmp_path))
        assert after.count("12.34.56") == before.count(CURRENT) or file["filename"] == CHANGELOG.name
        assert not re.findall(rf"(?<![\d.]){re.escape(CURRENT)}(?![\d.])", after)
    changes = (tmp_path / CHANGELOG.name).read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]\n\n## \[12\.34\.56\] - \d{4}-\d\d-\d\d\n\n### ", changes, re.MULTILINE)
    assert f'current_version = "{"12.34.56"}"' in (tmp_path / CONFIGURATION).read_text(encoding="utf-8")
