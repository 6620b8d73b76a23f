"""The CUDA graph: the values of the graph that it is made of, in convolutions of few fixed shapes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, version_converter

from export import cuda, graph, likeness, runtime, verify
from export.contract import DetectorExport, RecognizerExport
from export.errors import ExportError
from export.fixed_shapes import Shape, with_shapes
from ocr_core import batching
from tests.export.conftest import Run
from tests.project import SAMPLES

PAGES: list[Shape] = [(1, 320, 320), (1, 640, 480)]
CALLS: list[Shape] = [(2, 48, 320), (4, 48, 160), (2, 48, 640)]
# Rounding; of values from 0 to 1.
TOLERANCE = 1e-4

Pixels = NDArray[np.uint8]


def noise(shape: Shape) -> Pixels:
    """Neighbours that are no alike: whatever is seen of the filling shows."""
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)


def parts(page: Pixels, shape: Shape) -> Pixels:
    """Rows of one picture, of a shape."""
    rows, height, width = shape
    tiled = np.tile(page, (1, -(-rows * height // page.shape[1]), -(-width // page.shape[2]), 1))
    return np.asarray(tiled[0, : rows * height, :width].reshape(rows, height, width, 3))


def differences(model: ModelProto, fixed: ModelProto, pixels: Pixels) -> dict[str, float]:
    """Of each output the greatest one."""
    outputs = [runtime.run(runtime.open_session(graph), pixels) for graph in (model, fixed)]
    assert [output.shape for output in outputs[0].values()] == [output.shape for output in outputs[1].values()]
    return {name: float(np.abs(outputs[0][name] - outputs[1][name].astype(np.float64)).max()) for name in outputs[0]}


@pytest.mark.parametrize("shape", [(1, 320, 320), (1, 256, 64), (1, 416, 352), (1, 640, 480), (2, 352, 640)], ids=str)
def test_a_detector_gives_the_same_maps_whatever_it_is_filled_up_to(detector: DetectorExport, shape: Shape) -> None:
    (page, *_) = verify.detector_inputs(detector.detector, SAMPLES)
    fixed = with_shapes(detector.graph, PAGES)
    assert differences(detector.graph, fixed, parts(page, shape))["maps"] < TOLERANCE


@pytest.mark.parametrize(
    "shape", [(2, 48, 320), (1, 48, 64), (3, 48, 96), (2, 48, 448), (4, 48, 640), (1, 48, 100)], ids=str
)
def test_a_recognizer_reads_the_same_whatever_it_is_filled_up_to(
    recognizer: RecognizerExport, lines: list[Pixels], shape: Shape
) -> None:
    fixed = with_shapes(recognizer.graph, CALLS)
    found = differences(recognizer.graph, fixed, parts(np.concatenate(lines[:9], axis=1)[None], shape))
    assert found["indices"] == 0
    assert found["confidences"] < TOLERANCE


def test_a_crop_is_read_as_by_itself_whatever_shares_its_call(
    recognizer: RecognizerExport, lines: list[Pixels]
) -> None:
    fixed = with_shapes(recognizer.graph, [(6, 48, 640)], batching.PADDING)
    widths = np.array([line.shape[1] for line in lines[:40]])
    chosen = [lines[place] for place in np.argsort(widths)[:: len(widths) // 6][:6]]
    batch = np.full((6, 48, 640, 3), batching.PADDING, np.uint8)
    for row, line in zip(batch, chosen, strict=True):
        row[:, : line.shape[1]] = line
    together = runtime.run(runtime.open_session(fixed), batch)
    for place, line in enumerate(chosen):
        alone = batching.pack(line, np.array([line.shape[1]], np.int32), recognizer.recognizer, batching.ALONE)[1][0]
        read = runtime.run(runtime.open_session(recognizer.graph), alone)
        steps = read["indices"].shape[1]
        np.testing.assert_array_equal(together["indices"][place, :steps], read["indices"][0])
        np.testing.assert_allclose(together["confidences"][place, :steps], read["confidences"][0], atol=TOLERANCE)
        assert not together["indices"][place, steps:].any()


def node(operator: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def network(*nodes: NodeProto, output: Sequence[str | int] = ("n", "c", "y", "x")) -> ModelProto:
    """uint8 `image` (n, h, w, 3) → a first convolution `map`, (n, 4, h, w) → these nodes → `maps`."""
    rng = np.random.default_rng(1)
    weights: dict[str, Any] = {
        "first": rng.normal(size=(4, 3, 3, 3)) / 255,
        "around": rng.normal(size=(4, 4, 3, 3)),
        "flat": [0, 4, -1],
        "zero": [0],
        "row": [1],
        "height": [2],
        "one": np.ones((4, 1, 1)),
    }
    tensors = [
        numpy_helper.from_array(np.array(value, np.float32 if np.ndim(value) > 1 else np.int64), name)
        for name, value in weights.items()
    ]
    head = [
        node("Transpose", "image", "nchw", perm=[0, 3, 1, 2]),
        node("Cast", "nchw", "pixels", to=TensorProto.FLOAT),
        node("Conv", "pixels first", "map", pads=[1, 1, 1, 1]),
    ]
    graph = helper.make_graph(
        [*head, *nodes],
        "network",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", "h", "w", 3])],
        [helper.make_tensor_value_info("maps", TensorProto.FLOAT, output)],
        tensors,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)


SEEING = {
    "a convolution": [node("Add", "map one", "more"), node("Conv", "more around", "maps", pads=[1, 1, 1, 1])],
    "a pool": [
        node("Add", "map one", "more"),
        node("AveragePool", "more", "maps", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
    ],
    "a mean": [node("GlobalAveragePool", "map", "mean"), node("Sub", "map mean", "maps")],
    "a mean by its axes": [node("ReduceMean", "map", "mean", axes=[2, -1]), node("Sub", "map mean", "maps")],
    "an attention": [
        node("Slice", "map zero row height", "top"),
        node("Squeeze", "top", "places", axes=[2]),
        node("Transpose", "places", "turned", perm=[0, 2, 1]),
        node("MatMul", "turned places", "products"),
        node("Unsqueeze", "products", "logits", axes=[1]),
        node("Softmax", "logits", "attention", axis=3),
        node("Squeeze", "attention", "shares", axes=[1]),
        node("Transpose", "shares", "of_places", perm=[0, 2, 1]),
        node("MatMul", "places of_places", "seen"),
        node("Unsqueeze", "seen", "mean", axes=[2]),
        node("Sub", "map mean", "maps"),
    ],
}


@pytest.mark.parametrize("nodes", SEEING.values(), ids=SEEING)
@pytest.mark.parametrize("shape", [(1, 64, 96), (2, 64, 64), (1, 32, 32)], ids=str)
def test_whatever_looks_around_does_not_see_the_filling(nodes: list[NodeProto], shape: Shape) -> None:
    check_unseen(network(*nodes), shape)


def test_a_mean_whose_axes_are_a_tensor_does_not_see_it_either() -> None:
    model = version_converter.convert_version(network(*SEEING["a mean by its axes"]), 18)
    graph.gather_weights(model)
    check_unseen(model, (1, 64, 96))


def check_unseen(model: ModelProto, shape: Shape) -> None:
    """Compare a network with itself in fixed shapes."""
    scale = np.abs(runtime.run(runtime.open_session(model), noise(shape))["maps"]).max()
    fixed = with_shapes(model, [(2, 64, 128), (1, 320, 320)])
    assert differences(model, fixed, noise(shape))["maps"] < TOLERANCE * scale


def shapes_of_convolutions(model: ModelProto, inputs: Sequence[Pixels], folder: Path) -> dict[str, set[str]]:
    """Each convolution that ran → the shapes that it was given, by ONNX Runtime's own record."""
    options = ort.SessionOptions()
    options.enable_profiling, options.profile_file_prefix = True, str(folder / "run")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for pixels in inputs:
        session.run(None, {session.get_inputs()[0].name: pixels})
    given: dict[str, set[str]] = {}
    for event in json.loads(Path(session.end_profiling()).read_text()):
        if event.get("args", {}).get("op_name") == "Conv" and event["name"].endswith("_kernel_time"):
            given.setdefault(event["name"], set()).add(str(event["args"]["input_type_shape"]))
    return given


def test_no_convolution_is_given_two_shapes(recognizer: RecognizerExport, tmp_path: Path) -> None:
    """The CUDA provider keeps the plan of one."""
    inputs = [noise(shape) for shape in ((1, 48, 320), (2, 48, 64), (4, 48, 160), (3, 48, 32), (2, 48, 576))]
    free = shapes_of_convolutions(recognizer.graph, inputs, tmp_path)
    assert max(len(shapes) for shapes in free.values()) == len(inputs)
    fixed = shapes_of_convolutions(with_shapes(recognizer.graph, CALLS), inputs, tmp_path)
    assert {len(shapes) for shapes in fixed.values()} == {1}
    assert len(fixed) == len(CALLS) * len(free)


def test_the_weights_are_there_once(detector: DetectorExport) -> None:
    assert with_shapes(detector.graph, PAGES).ByteSize() < 1.2 * detector.graph.ByteSize()


def test_a_network_whose_tensors_are_no_maps_of_the_input_has_no_fixed_shapes() -> None:
    model = network(node("Reshape", "map flat", "rows"), node("GlobalAveragePool", "rows", "maps"), output=("n", 4, 1))
    with pytest.raises(ExportError, match=r"a tensor of \[.*\] is no map of \[64, 128\] pixels"):
        with_shapes(model, [(1, 64, 128)])


@pytest.mark.parametrize(
    ("same", "refusal", "told"),
    [
        (100, None, "detector in fixed shapes, for CUDA: 100 of 100 boxes are the same\n"),
        (98, None, "98 of 100 boxes are the same; too few, it gets no fixed shapes"),
        (100, ExportError("no map"), "detector: no fixed shapes, and slow on GPUs without TensorRT: no map"),
    ],
)
def test_a_network_that_finds_other_boxes_in_fixed_shapes_stays_without_them(
    root: Path, export_into: Run, quickly: pytest.MonkeyPatch, same: int, refusal: ExportError | None, told: str
) -> None:
    def fix(model: ModelProto, *_: object) -> ModelProto:
        if refusal:
            raise refusal
        other = ModelProto()
        other.CopyFrom(model)
        other.doc_string = "fixed"
        return other

    quickly.setattr(cuda, "for_cuda", fix)
    for kind in (likeness.Boxes, likeness.Texts):
        quickly.setattr(kind, "in_fixed_shapes", lambda *_: likeness.Same("boxes", 100, same))
    done = export_into(root, "--force")
    assert done.exit_code == 0, done.output
    assert told in done.stderr
    written = onnx.load(root / "text_detection" / "1" / "model.cuda.onnx")
    assert (written.doc_string == "fixed") == (same == 100 and refusal is None)
