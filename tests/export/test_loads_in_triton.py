"""A real Triton loads what the exporter has written, the newest version of it, and reads with it."""

from pathlib import Path

from tritonclient.http import InferenceServerClient

from ocr_client import OcrClient
from server.triton import TritonServer
from tests.export.conftest import Run
from tests.project import SAMPLES


def test_the_newest_version_is_served(root: Path, export_into: Run, quickly: object, tmp_path: Path) -> None:  # noqa: ARG001
    assert export_into(root, "--version", 2).exit_code == 0
    with TritonServer(root, log=tmp_path / "triton.log") as server:
        with InferenceServerClient(server.url) as triton:
            versions = {folder.name: triton.get_model_metadata(folder.name)["versions"] for folder in root.iterdir()}
        with OcrClient(server.url) as client:
            text = client.read(SAMPLES / "label.png").text
    assert versions == {folder.name: ["2"] for folder in root.iterdir()}
    assert text == (SAMPLES / "label.txt").read_text(encoding="utf-8").rstrip()
