"""Models that are fetched from an object store, each into a place of its own."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner

from ocr_client import OcrClient
from ocr_launch import control, publish
from ocr_launch.errors import StartError
from ocr_launch.processes import find
from server.triton import TritonServer
from tests.object_store import CREDENTIALS, object_store
from tests.project import MODEL_REPOSITORY, SAMPLES

LABEL = SAMPLES / "label.png"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the models in an object store, as they are written for one."""
    folder = tmp_path_factory.mktemp("store") / "models"
    done = CliRunner().invoke(publish.main, [str(folder), "--model-repository", str(MODEL_REPOSITORY)])
    assert done.exit_code == 0, done.output
    with object_store() as running:
        running.put(folder, "ocr/models")
        yield running.for_triton("ocr/models")


@pytest.mark.frameworks
@pytest.mark.parametrize("mode", control.MODES)
def test_a_server_reads_with_models_from_s3(store: str, mode: str) -> None:
    """Triton fetches each model's folder to a place of its own: a step that looked at its neighbours would fail."""
    with (
        mock.patch.dict(os.environ, CREDENTIALS),
        TritonServer(store, control_mode=mode) as server,
        OcrClient(server.url) as client,
    ):
        assert client.read(LABEL).text + "\n" == LABEL.with_suffix(".txt").read_text(encoding="utf-8")
        processes = [process for process in find(server.pid) if process.model]
        places = {(process.model, _place(process.handle.cmdline())) for process in processes}
    models = {process.model for process in processes}
    assert len(places) == len({place for _, place in places}) == len(models) > 3


@pytest.mark.parametrize("address", ["s3://bucket/models", "gs://bucket/models", "as://account/container/models"])
def test_a_version_is_not_chosen_where_configurations_name_it(address: str) -> None:
    with pytest.raises(StartError, match=f"version 2 cannot be chosen at {address}"), TritonServer(address, version=2):
        pass


def _place(command: list[str]) -> Path:
    """The folder of the model that a process of Python was started for."""
    return Path(command[1]).parent.parent
