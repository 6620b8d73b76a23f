"""What docs/api.md says in tables is what the code does."""

import dataclasses
import re

from export.ppocr import DETECTOR
from ocr_core import image_limits as limits
from ocr_core.options import Options
from tests.contract.configs import CONFIGS, ENSEMBLE, type_name
from tests.project import ROOT

API = ROOT / "docs" / "api.md"


def table(heading: str) -> list[dict[str, str]]:
    """Rows of the first table below a heading that contains these words: column → cell, without backquotes."""
    section = re.split(rf"^#+ .*{heading}.*$", API.read_text(encoding="utf-8"), maxsplit=1, flags=re.MULTILINE)[1]
    (lines, *_) = re.findall(r"(?:^\|.*\|\n)+", section, re.MULTILINE)
    cells = [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines.splitlines()]
    names, _, *rows = cells
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_the_table_of_tensors_is_the_ensembles_input_and_outputs() -> None:
    declared = [(f"{tensor.name} (input)", tensor) for tensor in ENSEMBLE.input]
    declared += [(tensor.name, tensor) for tensor in ENSEMBLE.output]
    wanted = [
        (name, type_name(tensor).removeprefix("TYPE_").replace("STRING", "BYTES"), list(tensor.dims))
        for name, tensor in declared
    ]
    written = [
        (row["name"], row["type"], [int(n) for n in row["shape"].strip("[]").split(",")]) for row in table("Tensors")
    ]
    assert written == wanted
    assert all(row["meaning"] for row in table("Tensors"))


def test_the_table_of_options_has_every_option_with_its_default() -> None:
    """Where a detector has a default of its own, the one of the DB detectors is named first."""
    written = {row["name"]: re.split(r"[^\w.]", row["default"])[0] for row in table("Options of a request")}
    options = dataclasses.asdict(Options())
    defaults = {name: getattr(DETECTOR, name) if value is None else value for name, value in options.items()}
    assert written == {
        name: f"{value:d}" if isinstance(value, bool) else str(value) for name, value in defaults.items()
    }


def test_the_table_of_limits_is_what_the_configured_one_makes_of_each_format() -> None:
    parameters = CONFIGS["image_preprocessing"].parameters
    usual = float(parameters["max_image_megapixels"].string_value)
    shares = (limits.JPEG_SHARE, 1, limits.COSTLY_SHARE, limits.WEBP_SHARE, limits.PYTHON_SHARE)
    assert [float(row["megapixels"]) for row in table("Limits")] == [usual * share for share in shares]
    assert f"more than {parameters['max_decode_seconds'].string_value} s of a core" in API.read_text(encoding="utf-8")
