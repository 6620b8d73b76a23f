"""A model that is to run on the GPU does not run anywhere else unnoticed."""

from types import SimpleNamespace

import pytest

from server.backends.onnxruntime import sessions

CUDA, TENSORRT, CPU = "CUDAExecutionProvider", "TensorrtExecutionProvider", "CPUExecutionProvider"


@pytest.mark.parametrize(
    ("got", "cause"),
    [
        pytest.param([CPU], rf"its {TENSORRT}; most likely TensorRT's libraries", id="neither"),
        pytest.param([TENSORRT, CPU], rf"its {CUDA}; most likely the libraries of CUDA and cuDNN", id="no-cuda"),
    ],
)
def test_a_provider_that_does_not_come_up_is_reported(got: list[str], cause: str) -> None:
    session = SimpleNamespace(get_providers=lambda: got)
    with pytest.raises(sessions.ProviderMissing, match=cause):
        sessions.check_providers(session, [(TENSORRT, {}), (CUDA, {})])


@pytest.mark.parametrize("wanted", [[], [(CUDA, {})]])
def test_what_runs_as_asked_for_is_well(wanted: list[sessions.Provider]) -> None:
    sessions.check_providers(SimpleNamespace(get_providers=lambda: [CUDA, CPU]), wanted)
