"""The profiles of the ONNX models, `configs/gpu.pbtxt` and `configs/tensorrt.pbtxt`: the same models, tuned otherwise.

Python steps have one configuration; the launcher sets their instances.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import onnx
import onnxruntime as ort
import pytest
from google.protobuf import json_format, text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2

from ocr_core.batching import SMALL
from ocr_core.recognizer import Recognizer
from ocr_core.shapes import CALLS, PAGES
from tests.contract.configs import CONFIGS, ONNX_MODELS
from tests.project import MODEL_REPOSITORY, ROOT
from tests.unit.server import onnx_backend

PROFILES = ("gpu", "tensorrt")

each_profile = pytest.mark.parametrize("profile", PROFILES)
each_model = pytest.mark.parametrize("model", ONNX_MODELS)


def read(model: str, profile: str) -> Any:
    """A model's ModelConfig message in a profile; an unknown field is an error."""
    text = (MODEL_REPOSITORY / model / "configs" / f"{profile}.pbtxt").read_text(encoding="utf-8")
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def as_triton_tells(config: Any) -> dict[str, Any]:
    """A configuration as a backend gets it."""
    told: dict[str, Any] = json_format.MessageToDict(config, preserving_proto_field_name=True)
    return told


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The stand-in for the native ONNX backend, as if there were a GPU."""
    providers = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(ort, "get_available_providers", lambda: providers)
    monkeypatch.setattr(ort, "preload_dlls", lambda: None)
    return onnx_backend.load(monkeypatch)


@each_profile
@each_model
def test_a_profile_is_the_same_model(model: str, profile: str) -> None:
    """Triton takes one file or the other, never both: what a client sees must be in each of them."""
    ours, tuned = CONFIGS[model], read(model, profile)
    for field in ("name", "backend", "input", "output"):
        assert getattr(tuned, field) == getattr(ours, field)
    is_built = (model, profile) == ("text_recognition", "tensorrt")
    graph = "model.gpu.onnx" if is_built else "model.cuda.onnx"
    assert (ours.default_model_filename, tuned.default_model_filename) == ("model.cpu.onnx", graph)
    assert (tuned.max_batch_size > 0) == (ours.max_batch_size > 0)
    of_cpus = {"intra_op_thread_count", "kept_input_pixels"}
    assert set(ours.parameters) - of_cpus <= set(tuned.parameters)


@each_profile
@each_model
def test_onnx_models_run_on_the_gpu(model: str, profile: str) -> None:
    (group,) = read(model, profile).instance_group
    assert group.kind == model_config_pb2.ModelInstanceGroup.KIND_GPU
    assert group.count >= CONFIGS[model].instance_group[0].count or profile == "tensorrt"


@each_profile
@each_model
def test_beside_a_gpu_no_thread_of_the_runtime_takes_a_core_from_the_python_steps(model: str, profile: str) -> None:
    """The native backend cannot keep them from spinning."""
    assert read(model, profile).parameters["intra_op_thread_count"].string_value == "1"


@each_profile
@each_model
def test_a_new_shape_does_not_search_for_algorithms(backend: ModuleType, model: str, profile: str) -> None:
    *_, (name, options) = backend.sessions.gpu_providers(as_triton_tells(read(model, profile)), "0")
    assert name == "CUDAExecutionProvider"
    assert options["cudnn_conv_algo_search"] == "HEURISTIC"
    assert options["arena_extend_strategy"] == "kSameAsRequested"


@pytest.mark.parametrize(("model", "shapes"), [("text_detection", PAGES), ("text_recognition", CALLS)])
def test_no_run_is_larger_than_the_shapes_that_the_graph_has(model: str, shapes: Sequence[tuple[int, int]]) -> None:
    """Calls that shared a run might fit none of them; those that come alone always do."""
    config = read(model, "gpu")
    assert not config.HasField("dynamic_batching")
    rows = [1] if model == "text_detection" else [crops for crops, _ in shapes]
    assert config.max_batch_size == max(rows)


def shapes(options: dict[str, str], bound: str) -> dict[str, list[int]]:
    """Tensor → its shape at one bound of TensorRT's profile."""
    entries = (entry.split(":") for entry in options[f"trt_profile_{bound}_shapes"].split(","))
    return {name: [int(size) for size in shape.split("x")] for name, shape in entries}


@pytest.fixture
def tensorrt(backend: ModuleType) -> dict[str, str]:
    """What ONNX Runtime's TensorRT provider is told."""
    config = as_triton_tells(read("text_recognition", "tensorrt"))
    providers: list[tuple[str, dict[str, str]]] = backend.sessions.gpu_providers(config, "0")
    assert [name for name, _ in providers] == ["TensorrtExecutionProvider", "CUDAExecutionProvider"]
    return providers[0][1]


def test_tensorrt_computes_in_half_precision_and_keeps_its_engines(tensorrt: dict[str, str]) -> None:
    assert tensorrt["trt_fp16_enable"] == "1"
    assert "precision_mode" not in tensorrt
    assert tensorrt["trt_engine_cache_enable"] == "1"
    # The folder that the image makes for the user of the server.
    assert tensorrt["trt_engine_cache_path"] in (ROOT / "Dockerfile.triton").read_text(encoding="utf-8").split()


def test_tensorrts_bounds_hold_every_call(tensorrt: dict[str, str]) -> None:
    """The provider fails on a shape outside them."""
    least, usual, greatest = (shapes(tensorrt, bound) for bound in ("min", "opt", "max"))
    most = read("text_recognition", "tensorrt").max_batch_size
    assert most >= SMALL.max_crops
    recognizer = Recognizer.load(MODEL_REPOSITORY / "text_cropping" / "1")
    assert least["crops"] == [1, recognizer.height, min(SMALL.bucket_px, recognizer.max_width), 3]
    assert greatest["crops"] == [most, recognizer.height, recognizer.max_width, 3]
    assert 1 < usual["crops"][0] <= SMALL.max_crops
    for bound in (least, usual, greatest):
        n, height, width, channels = bound["crops"]
        # TensorRT may begin behind any of the nodes that the exporter puts before the network.
        assert list(bound.values())[1:] == [[n, channels, height, width]] * 3


def test_tensorrts_bounds_name_the_tensors_at_the_head_of_the_graph(tensorrt: dict[str, str]) -> None:
    graph = onnx.load(MODEL_REPOSITORY / "text_recognition" / "1" / "model.gpu.onnx").graph
    head = ["crops"]
    for _ in range(3):
        (taker,) = (node for node in graph.node if head[-1] in node.input)
        head += taker.output
    assert list(shapes(tensorrt, "max")) == head
