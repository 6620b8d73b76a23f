"""`ocr status` and the formats of `ocr read` against a server."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from ocr_client import OcrClient, Page
from ocr_client.cli import main
from ocr_client.formats import WRITERS
from tests.project import SAMPLES
from tests.triton import Triton


def ocr(triton: Triton, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = [str(Path(sys.executable).parent / "ocr"), *map(str, arguments)]
    environment = {**os.environ, "OCR_URL": triton.url}
    return subprocess.run(command, capture_output=True, env=environment, check=False)  # noqa: S603 - our own


def test_status_of_a_server_that_is_well(triton: Triton) -> None:
    done = ocr(triton, "status")
    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith(f"http://{triton.url}  triton 2.")
    assert lines[0].endswith("  ready")
    assert [line.split()[0] for line in lines[1:7]] == [
        "ocr_ensemble",
        "image_preprocessing",
        "text_detection",
        "text_cropping",
        "ctc_decoding",
        "text_recognition",
    ]
    assert re.fullmatch(r"\d+ images were read, \d+ were not\.", lines[7])
    assert re.fullmatch(r"\d+ small images were read, \d+ at once: median \d+ ms, slowest \d+ ms\.", lines[-1])
    assert (done.stderr, done.returncode) == (b"", 0)


def test_status_over_grpc_is_json_on_demand(triton: Triton) -> None:
    if triton.grpc_url is None:
        pytest.skip("--triton names HTTP's address only: --triton=HOST:PORT,HOST:GRPC_PORT")
    done = ocr(triton, "status", "--json", "--url", f"grpc://{triton.grpc_url}")
    status = json.loads(done.stdout)
    assert (status["ready"], status["problems"], done.returncode) == (True, [], 0)
    assert {model["state"] for model in status["models"]} == {"READY"}


def test_every_format_is_written_from_a_pattern(triton: Triton, tmp_path: Path) -> None:
    with Image.open(SAMPLES / "label.png") as label:
        label.convert("RGB").crop((0, 100, 840, 260)).save(tmp_path / "edge.png")
    for name, writer in WRITERS.items():
        file = tmp_path / f"edge{writer.suffix}"
        done = CliRunner(env={"OCR_URL": triton.url}).invoke(
            main, ["read", f"{tmp_path}/e*.png", "--output", str(file)]
        )
        assert (done.exit_code, done.output) == (0, ""), name
    with OcrClient(triton.url) as client:
        page = client.read(tmp_path / "edge.png", unread=True)
    assert (tmp_path / "edge.txt").read_text(encoding="utf-8") == f"{page.text}\n"
    (document,) = json.loads((tmp_path / "edge.json").read_text(encoding="utf-8"))
    assert Page.from_dict(document) == page
    for suffix in (".jsonl", ".tsv", ".hocr", ".xml"):
        assert "NORTHFIELD" in (tmp_path / f"edge{suffix}").read_text(encoding="utf-8")
    assert (tmp_path / "edge.pdf").read_bytes().startswith(b"%PDF-")
