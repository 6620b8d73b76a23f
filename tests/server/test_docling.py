"""The example of docs/docling.md with the real Docling, over gRPC and HTTP: a scanned PDF becomes Markdown.

Docling is in an environment of its own: `pytest -m docling`, 6 GB. Its weights lie on a hub that this does not ask. So
its layout model has the right architecture and random numbers, and finds nothing: each line that was read is a
paragraph. Tables are switched off, whose model has weights of its own. All else is Docling as it comes.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from downloads import Environment
from tests.project import ROOT, SAMPLES
from tests.triton import Triton

pytestmark = pytest.mark.docling

# torch and torchvision belong together; which build comes is up to pip's own settings.
# torchvision's wheel goes with torch's for GPUs: three equality signs take no other build of that version.
DOCLING = Environment(
    "docling", ("docling[remote-serving]==2.143.0", "torch===2.13.0", "torchvision==0.28.0", "transformers==5.24.0")
)
GUIDE = (ROOT / "docs" / "docling.md").read_text(encoding="utf-8")
# The example, and what it prints.
((CODE, OUTPUT),) = re.findall(
    r"^```python\n(.*?)^```$.*?this prints:\n\n```\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL
)
OVER_HTTP = ('url="localhost:8001"', 'url="localhost:8000", transport="http"')
SEEDED_LAYOUT = """
import sys, torch
from transformers import RTDetrImageProcessor, RTDetrV2Config, RTDetrV2ForObjectDetection
torch.manual_seed(0)
small = dict(d_model=32, encoder_hidden_dim=32, encoder_ffn_dim=32, decoder_ffn_dim=32, decoder_in_channels=[32] * 3)
heads = dict(encoder_attention_heads=2, decoder_attention_heads=2, decoder_layers=2, num_queries=10)
config = RTDetrV2Config(id2label={0: "text", 1: "title"}, label2id={"text": 0, "title": 1}, **small, **heads)
layout = RTDetrV2ForObjectDetection(config)
for head in layout.model.decoder.class_embed:
    torch.nn.init.constant_(head.bias, -20.0)
layout.save_pretrained(sys.argv[1])
RTDetrImageProcessor().save_pretrained(sys.argv[1])
"""
ERRORS = """
import json, sys
result = converter.convert("scan.pdf", raises_on_error=False)
json.dump([result.status.value, *(error.error_message for error in result.errors)], sys.stdout)
"""


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Docling takes for its downloads."""
    folder = tmp_path_factory.mktemp("docling")
    run(SEEDED_LAYOUT, folder, str(folder / "docling-project--docling-layout-heron"))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the label as a scan of 150 dots an inch."""
    with Image.open(SAMPLES / "label.png") as label:
        label.convert("RGB").save(tmp_path / "scan.pdf", resolution=150)
    return tmp_path


@pytest.mark.parametrize("change", [None, OVER_HTTP], ids=["grpc", "http"])
def test_a_scanned_pdf_becomes_markdown(
    triton: Triton, weights: Path, folder: Path, change: tuple[str, str] | None
) -> None:
    assert run(adapted(triton, *([change] if change else [])), folder, weights=weights) == OUTPUT


def test_a_language_that_is_not_read_is_told_with_those_that_are(triton: Triton, weights: Path, folder: Path) -> None:
    converted = 'print(converter.convert("scan.pdf").document.export_to_markdown())\n'
    code = adapted(triton, ('lang=["english"]', 'lang=["klingon"]'), (converted, ERRORS))
    status, told = json.loads(run(code, folder, weights=weights).splitlines()[-1])
    assert status == "partial_success"
    assert "bad_option: lang_type is 'klingon'; this server reads english, chinese, japanese, afrikaans" in told


def adapted(triton: Triton, *changes: tuple[str, str]) -> str:
    """The example for this server, without tables."""
    if triton.grpc_url is None:
        pytest.skip("--triton gives the HTTP address only")
    without_tables = ("enable_remote_services=True", "enable_remote_services=True, do_table_structure=False")
    addresses = (("localhost:8000", triton.url), ("localhost:8001", triton.grpc_url))
    code: str = CODE
    for before, after in (*changes, without_tables):
        assert code.count(before) == 1
        code = code.replace(before, after)
    for usual, actual in addresses:
        code = code.replace(usual, actual)
    return code


def run(code: str, folder: Path, *arguments: str, weights: Path | None = None) -> str:
    """What a program prints in Docling's environment, with no hub within reach."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"} | ({"DOCLING_ARTIFACTS_PATH": str(weights)} if weights else {})
    command = DOCLING.command("-c", code, *arguments)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert done.returncode == 0, done.stderr
    return done.stdout
