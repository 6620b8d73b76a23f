"""docs/openapi.yaml names what the ensemble and its options are."""

import dataclasses
from typing import Any

import yaml

from ocr_core.options import Options
from tests.contract.configs import ENSEMBLE
from tests.contract.test_release import CURRENT
from tests.project import ROOT

DESCRIPTION: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
SCHEMAS = DESCRIPTION["components"]["schemas"]
OPTIONS = [field.name for field in dataclasses.fields(Options)]


def test_the_outputs_are_the_ensembles() -> None:
    assert SCHEMAS["OutputName"]["enum"] == [tensor.name for tensor in ENSEMBLE.output]


def test_every_option_can_be_sent_in_json_and_as_a_header() -> None:
    assert list(SCHEMAS["Options"]["properties"]) == [*OPTIONS, "timeout"]
    headers = [parameter["name"] for parameter in DESCRIPTION["components"]["parameters"].values()]
    assert headers == [option.replace("_", "-").title() for option in OPTIONS]


def test_every_header_belongs_to_the_call() -> None:
    named = DESCRIPTION["paths"]["/v2/models/ocr_ensemble/infer"]["post"]["parameters"]
    references = [parameter["$ref"].rpartition("/")[2] for parameter in named if "$ref" in parameter]
    assert references == list(DESCRIPTION["components"]["parameters"])


def test_the_version_is_the_projects() -> None:
    assert DESCRIPTION["info"]["version"] == CURRENT
