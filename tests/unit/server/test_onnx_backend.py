"""Which graphs the stand-in for the native ONNX backend loads: those that the native one loads, and no others.

The rule is `CompareDimsSupported` in onnxruntime_backend, src/onnxruntime_utils.cc: what the graph fixes must be fixed
in the configuration; what it leaves free, the configuration may fix of an input, not of an output.
"""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from tests.unit.fake_triton import TritonModelException
from tests.unit.server import onnx_backend


@pytest.mark.parametrize(
    ("declared", "found", "loads_as"),
    [
        pytest.param([3], ["n", 3], ("input", "output"), id="equal"),
        pytest.param([3], ["n", "width"], ("input",), id="free-in-the-graph"),
        pytest.param([-1], ["n", 3], (), id="fixed-in-the-graph"),
        pytest.param([3], ["n", 4], (), id="fixed-otherwise"),
        pytest.param([3], ["n", 3, 1], (), id="of-another-rank"),
        pytest.param([3], [1, 3], (), id="without-batches"),
    ],
)
@pytest.mark.parametrize("kind", ["input", "output"])
def test_dimensions_fit_as_the_native_backend_has_it(
    monkeypatch: pytest.MonkeyPatch, kind: str, declared: list[int], found: list[int | str], loads_as: tuple[str, ...]
) -> None:
    tensor = {"name": "crops", "data_type": "TYPE_UINT8", "dims": [str(size) for size in declared]}
    config = {"name": "model", "max_batch_size": 4, kind: [tensor]}
    graph = [SimpleNamespace(name="crops", type="tensor(uint8)", shape=found)]
    backend = onnx_backend.load(monkeypatch)
    with nullcontext() if kind in loads_as else pytest.raises(TritonModelException, match=f"declares the {kind} crops"):
        backend._check(kind, config, graph)
