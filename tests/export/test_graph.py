"""Rewriting of graphs: what it leaves as it was, and where it refuses."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from downloads import fetch
from export import graph, verify
from export.choices import DETECTORS
from export.errors import ExportError

LEAST_NORMAL = np.finfo(np.float32).tiny


def denormals(model: ModelProto) -> int:
    """Number of weights that a CPU is slow with."""
    weights = [numpy_helper.to_array(t) for t in model.graph.initializer if t.data_type == TensorProto.FLOAT]
    return sum(int(((values != 0) & (np.abs(values) < LEAST_NORMAL)).sum()) for values in weights)


@pytest.fixture(scope="module")
def published() -> Path:
    """The default detector, whose file is full of denormal weights."""
    (source,) = DETECTORS["ppocrv6-small"].sources
    return fetch(source)


def test_zeroing_denormal_weights_changes_no_bit_of_the_output(published: Path) -> None:
    model = onnx.load(published)
    image = np.random.default_rng(0).normal(size=(1, 3, 64, 96)).astype(np.float32)
    before = verify.runner(model)(image)  # type: ignore[arg-type]
    assert denormals(model) > 200_000
    assert graph.zero_denormals(model) >= 200_000
    assert denormals(model) == 0
    after = verify.runner(model)(image)  # type: ignore[arg-type]
    assert [value.tobytes() for value in after.values()] == [value.tobytes() for value in before.values()]


def small(*nodes: onnx.NodeProto) -> ModelProto:
    """A graph of a few nodes from `x` to `y`, with one convolution's weights at hand."""
    shape: list[str | int | None] = ["batch", 3, "height", "width"]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy")
    weights = numpy_helper.from_array(np.ones((3, 3, 1, 1), np.float32), "weights")
    return helper.make_model(helper.make_graph(nodes, "small", [x], [y], [weights]))


def test_a_graph_that_does_not_begin_with_a_convolution_is_refused() -> None:
    model = small(helper.make_node("Relu", ["x"], ["y"]))
    with pytest.raises(ExportError, match=r"expected one input that feeds one Conv, found \['Relu'\]"):
        graph.take_uint8_rgb(model, "image", [0] * 3, [1] * 3, bgr=True)


def test_a_recognizer_that_does_not_end_in_a_softmax_is_refused() -> None:
    model = small(helper.make_node("Conv", ["x", "weights"], ["y"]))
    with pytest.raises(ExportError, match="expected a Softmax at the end, found Conv"):
        graph.give_argmax(model)


@pytest.mark.parametrize("bgr", [True, False])
def test_pixels_are_centred_and_scaled_inside_the_graph(bgr: bool) -> None:
    """Each output channel is the sum of the scaled colours: of the one pixel (10, 20, 30) here."""
    model = small(helper.make_node("Conv", ["x", "weights"], ["y"]))
    graph.take_uint8_rgb(model, "image", [1, 2, 3], [2, 4, 8], bgr=bgr)
    model.ir_version, model.opset_import[0].version = 10, 17
    (output,) = verify.runner(model)(np.array([[[[10, 20, 30]]]], np.uint8)).values()
    red, green, blue = 10, 20, 30
    first, last = (blue, red) if bgr else (red, blue)
    assert output.ravel().tolist() == pytest.approx([(first - 1) / 2 + (green - 2) / 4 + (last - 3) / 8] * 3)


def last_layer(*, softmax: bool = True) -> ModelProto:
    """Three classes of one time step, whose logits are those of the input plus (1, 2, 3)."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 3]) for name in "xy")
    bias = numpy_helper.from_array(np.array([1, 2, 3], np.float32), "bias")
    nodes = [helper.make_node("Add", ["x", "bias"], ["sum"]), helper.make_node("Identity", ["sum"], ["logits"])]
    nodes.append(helper.make_node("Softmax" if softmax else "Relu", ["logits"], ["y"]))
    model = helper.make_model(helper.make_graph(nodes, "last", [x], [y], [bias]))
    model.ir_version, model.opset_import[0].version = 10, 17
    return model


def test_a_class_whose_logit_is_raised_has_so_much_better_odds_and_the_others_keep_theirs() -> None:
    model, logits = last_layer(), np.zeros((1, 1, 3), np.float32)
    (before,) = verify.runner(model)(logits).values()  # type: ignore[arg-type]
    graph.raise_logit(model, 1, 2.5)
    (after,) = verify.runner(model)(logits).values()  # type: ignore[arg-type]
    odds = (after / after[..., :1]) / (before / before[..., :1])
    np.testing.assert_allclose(odds.ravel(), [1, np.exp(2.5), 1], rtol=1e-5)


def test_a_graph_without_a_bias_of_its_classes_is_refused() -> None:
    message = r"expected the bias of the classes and a Softmax at the end, found \['Relu'\]"
    with pytest.raises(ExportError, match=message):
        graph.raise_logit(last_layer(softmax=False), 1, 2.5)
