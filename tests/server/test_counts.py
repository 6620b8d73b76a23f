"""What a step counts goes on when its model is loaded anew, with the old processes gone, and when one is killed."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput

from benchmarks.latency.metering import CONFIG, MODEL
from ocr_launch import processes
from ocr_launch.names import ENSEMBLE
from ocr_launch.processes import Process
from ocr_launch.profiles import CONFIGURED
from server.triton import TritonServer
from tests.server.processes import TIMEOUT_S, wait_until
from tests.server.test_observed import shown, value
from tests.triton import Triton


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    """One small model in two processes, which note as much as a request says."""
    folder = tmp_path_factory.mktemp("repository")
    version = folder / ENSEMBLE / "1"
    version.mkdir(parents=True)
    (version.parent / "config.pbtxt").write_text(CONFIG.replace("count: 1", "count: 2"), encoding="utf-8")
    (version / "model.py").write_text(MODEL, encoding="utf-8")
    options = (f"--load-model={ENSEMBLE}",)
    with TritonServer(folder, profile=CONFIGURED, options=options, stop_timeout_s=10) as running:
        yield running


def count(server: TritonServer) -> float:
    """How many pages were counted."""
    return value(shown(Triton(server.url, metrics_url=server.metrics_url)), "ocr_page_lines_count")


def note(server: TritonServer, notes: int) -> None:
    tensor = InferInput("notes", [1], "INT32")
    tensor.set_data_from_numpy(np.array([notes], np.int32))
    with InferenceServerClient(server.own_url, network_timeout=TIMEOUT_S) as client:
        client.infer(ENSEMBLE, [tensor])


def living(server: TritonServer) -> set[int]:
    return {process.handle.pid for process in processes.find(server.pid) if process.model and process.is_alive}


def test_counts_go_on_when_a_model_is_loaded_anew(server: TritonServer) -> None:
    """Newer versions of Triton die here where Python deletes what the old processes and the new ones share."""
    note(server, 3)
    before, first, old = count(server), server.pid, living(server)
    server._supervisor._plan.api.reload(ENSEMBLE, TIMEOUT_S)
    wait_until(lambda: not living(server) & old)
    for _ in living(server):
        note(server, 2)
    assert count(server) == before + 2 * len(old)
    assert server.pid == first


def test_a_process_that_dies_while_the_supervisor_asks_what_is_missing_is_brought_back(
    server: TritonServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks as a model was loaded anew by somebody else."""
    supervisor, restarts, old = server._supervisor, server.state.restarts, living(server)
    missing = supervisor._missing

    def dying(found: Sequence[Process]) -> str | None:
        told = missing(found)
        monkeypatch.undo()
        wait_until(lambda: not living(server) & old)
        processes.find(server.pid)[-1].kill()
        return told

    monkeypatch.setattr(supervisor, "_missing", dying)
    supervisor._plan.api.reload(ENSEMBLE, TIMEOUT_S)
    wait_until(lambda: server.state.restarts > restarts)
    wait_until(lambda: len(living(server)) == len(old))


def test_counts_go_on_when_a_process_is_killed(server: TritonServer) -> None:
    note(server, 3)
    before, restarts = count(server), server.state.restarts
    processes.find(server.pid)[-1].kill()
    wait_until(lambda: server.state.restarts > restarts)
    note(server, 4)
    assert count(server) == before + 4
