"""The CPU graphs: a fast argmax, int8 where it is exact enough, and the same boxes and texts."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from export import argmax, cpu, exact_int8, likeness, runtime, verify
from export.choices import RECOGNIZERS
from export.contract import DetectorExport, RecognizerExport
from export.errors import ExportError
from export.graph import attributes
from export.provenance import provenance
from export.repository import CPU_MODEL_FILE, MODEL_FILE
from ocr_core import ctc
from tests.export.conftest import Run
from tests.project import SAMPLES

Batch = NDArray[np.float32]


def all_nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """Those of a graph, and of the graphs in it."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            yield from all_nodes(attribute.g)


def operators(model: ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in all_nodes(model.graph))


def convolution(channels: int, outputs: int, size: int = 1) -> ModelProto:
    """A network of one convolution with bias, and its input and output named so."""
    rng = np.random.default_rng(0)
    weights = {"w": (outputs, channels, size, size), "b": (outputs,)}
    values = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", count, "h", "w"])
        for name, count in (("input", channels), ("output", outputs))
    }
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", "w", "b"], ["output"])],
        "convolution",
        [values["input"]],
        [values["output"]],
        [numpy_helper.from_array(rng.normal(size=s).astype(np.float32), n) for n, s in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)


def positions(channels: int) -> Batch:
    """A map, (1, channels, 64, 64)."""
    return np.random.default_rng(1).normal(size=(1, channels, 64, 64)).astype(np.float32)


def error(ours: ModelProto, theirs: ModelProto, batch: Batch) -> float:
    """Root mean square of what the outputs differ by, as a share of their standard deviation."""
    graphs = (exact_int8.with_uint8_weights(ours), theirs)
    outputs = [runtime.run(runtime.open_session(graph), batch)["output"] for graph in graphs]
    return float((outputs[0] - outputs[1]).std() / outputs[1].std())


def test_a_product_in_int8_is_near_that_in_float32() -> None:
    model, batch = convolution(32, 8), positions(32)
    quantized = cpu.in_int8(model, [batch])
    assert operators(quantized) == {"QuantizeLinear": 1, "Transpose": 2, "MatMulIntegerToFloat": 1}
    assert 0 < error(quantized, model, batch) < 0.03


def test_a_channel_of_great_values_gets_a_scale_of_its_own() -> None:
    model, batch = convolution(32, 8), positions(32)
    batch[0, 0] *= 1e3
    weights = model.graph.initializer[0]
    values = numpy_helper.to_array(weights).copy()
    values[:, 0] /= 1e3
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))
    quantized = cpu.in_int8(model, [batch])
    assert operators(quantized)["Mul"] == 1
    assert 0 < error(quantized, model, batch) < 0.03


def test_from_pixels_on_all_is_uint8_until_the_first_product(detector: DetectorExport) -> None:
    """The first layers of PP-OCR's detector: convolutions, a pool and a concatenation, and then the first product."""
    made = cpu.in_int8(detector.graph, verify.detector_inputs(detector.detector, SAMPLES)[:1])
    first = [node.op_type for node in made.graph.node if node.op_type != "Reshape"][:7]
    assert Counter(first) == {"QLinearConv": 4, "NhwcMaxPool": 1, "Concat": 1, "MatMulIntegerToFloat": 1}


@pytest.mark.parametrize(
    ("model", "batch", "max_error"),
    [
        pytest.param(convolution(32, 8, size=3), positions(32), 1, id="takes neighbours in and has no ReLU"),
        pytest.param(convolution(32, 8), positions(32), 0.001, id="loses more than is allowed"),
        pytest.param(convolution(32, 8), positions(32)[:, :, :1, :1], 1, id="one position only"),
    ],
)
def test_what_gains_nothing_or_loses_too_much_stays_in_float32(
    model: ModelProto, batch: Batch, max_error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu, "MAX_ERROR", max_error)
    assert operators(cpu.in_int8(model, [batch])) == {"Conv": 1}


@pytest.mark.parametrize("in_int8", [True, False])
def test_the_argmax_over_rows_is_that_over_all_classes(
    recognizer: RecognizerExport, lines: list[NDArray[np.uint8]], *, in_int8: bool
) -> None:
    batches = verify.line_batches(lines, recognizer.recognizer)[:8]
    made = cpu.in_int8(recognizer.graph, batches) if in_int8 else cpu.in_float32(recognizer.graph, gelu_by_tanh=True)
    logits = next(node.input[0] for node in made.graph.node if node.op_type == "GatherND")
    watched = ModelProto.FromString(made.SerializeToString())
    watched.graph.output.append(helper.make_tensor_value_info(logits, TensorProto.FLOAT, None))
    for batch in batches:
        read = runtime.run(runtime.open_session(watched), batch)
        assert read[logits].shape[2] % argmax.ROWS == 0
        best = np.take_along_axis(read[logits], read["indices"][..., None], axis=2)[..., 0]
        np.testing.assert_array_equal(best, read[logits].max(axis=2))
        assert read["indices"].max() < len(recognizer.recognizer.characters)
        sums = np.exp(read[logits] - best[..., None]).sum(axis=2)
        np.testing.assert_allclose(read["confidences"], np.where(read["indices"] == ctc.BLANK, 0, 1 / sums), rtol=1e-4)


def test_in_float32_a_detector_gives_the_same_maps(detector: DetectorExport) -> None:
    made, batch = (
        cpu.in_float32(detector.graph, gelu_by_tanh=False),
        verify.detector_inputs(detector.detector, SAMPLES)[0],
    )
    ours, theirs = (verify.runner(model)(batch)["maps"] for model in (made, detector.graph))
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
    # The shortcuts were found; of two joins that of enlarged maps stays.
    counts = operators(made)
    assert (counts["ConvTranspose"], counts["DepthToSpace"], counts["Concat"]) == (0, 1, 1)


def test_with_gelu_by_tanh_the_texts_are_the_same(recognizer: RecognizerExport, lines: list[NDArray[np.uint8]]) -> None:
    made = cpu.in_float32(recognizer.graph, gelu_by_tanh=True)
    assert operators(made)["Gelu"] > 5
    assert operators(made)["Erf"] == 0
    assert likeness.Texts(recognizer, lines).in_float32(made).is_enough


def test_in_float32_a_recognizer_gives_the_same_classes(
    recognizer: RecognizerExport, lines: list[NDArray[np.uint8]]
) -> None:
    made = cpu.in_float32(recognizer.graph, gelu_by_tanh=False)
    for batch in verify.line_batches(lines, recognizer.recognizer)[:8]:
        ours, theirs = (verify.runner(model)(batch) for model in (made, recognizer.graph))
        np.testing.assert_array_equal(ours["indices"], theirs["indices"])
        is_read = ours["indices"] != ctc.BLANK
        np.testing.assert_allclose(ours["confidences"], np.where(is_read, theirs["confidences"], 0), atol=1e-4)


def test_a_line_without_a_character_has_no_confidence(
    recognizer: RecognizerExport, lines: list[NDArray[np.uint8]]
) -> None:
    made = cpu.in_int8(recognizer.graph, verify.line_batches(lines, recognizer.recognizer)[:4])
    read = runtime.run(runtime.open_session(made), np.full((2, recognizer.recognizer.height, 64, 3), 255, np.uint8))
    assert not read["indices"].any()
    assert not read["confidences"].any()


def product_of_int8(weights: NDArray[np.int8]) -> ModelProto:
    """A matrix product of uint8 with these weights, (channels, outputs), scales 1 and zero points 0."""
    constants = {"w": weights, "one": np.float32(1), "zero": np.uint8(0), "zeros": np.zeros(weights.shape[1], np.int8)}
    node = helper.make_node(
        "MatMulIntegerToFloat", ["input", "w", "one", "one", "zero", "zeros"], ["output"], domain="com.microsoft"
    )
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("input", TensorProto.UINT8, ["n", weights.shape[0]])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", weights.shape[1]])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    imports = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=9)


def test_the_exact_equivalent_does_not_saturate_on_any_processor() -> None:
    """255 · 127 · 2 is beyond int16, where AVX2 without VNNI cuts sums of two products off."""
    weights = np.full((64, 8), 127, np.int8)
    pixels = np.full((4, 64), 255, np.uint8)
    exact = exact_int8.with_uint8_weights(product_of_int8(weights))
    output = runtime.run(runtime.open_session(exact), pixels)["output"]
    np.testing.assert_array_equal(output, pixels.astype(np.float32) @ weights.astype(np.float32))


@pytest.mark.parametrize(
    ("model", "file", "by_tanh"),
    [
        ("text_detection", MODEL_FILE, False),
        ("text_recognition", MODEL_FILE, True),
        ("text_recognition", CPU_MODEL_FILE, False),
    ],
)
def test_gelu_is_approximated_in_recognizers_for_cpus_without_vnni(
    exported: Path, model: str, file: str, *, by_tanh: bool
) -> None:
    written = onnx.load(exported / model / "1" / file)
    forms = {attributes(node).get("approximate") for node in all_nodes(written.graph) if node.op_type == "Gelu"}
    assert forms == {b"tanh" if by_tanh else b"none"}


@pytest.mark.parametrize("model", ["text_detection", "text_recognition"])
def test_the_cpu_graph_is_int8_where_the_choice_says_so(exported: Path, model: str) -> None:
    products = {
        name: operators(onnx.load(exported / model / "1" / name))["MatMulIntegerToFloat"]
        for name in (MODEL_FILE, CPU_MODEL_FILE)
    }
    assert products[MODEL_FILE] == 0
    assert products[CPU_MODEL_FILE] > 10


@pytest.mark.parametrize(("choice", "precision"), [("ppocrv6-tiny", "int8"), ("ppocrv5-mobile", "float32")])
def test_a_choice_that_does_not_say_so_is_never_asked_for_int8(choice: str, precision: str) -> None:
    assert provenance(RECOGNIZERS[choice], [], "int8", "float16")["cpu_precision"] == precision


def test_all_cpus_get_float32_where_that_is_asked_for(
    root: Path,
    export_into: Run,
    quickly: object,  # noqa: ARG001
) -> None:
    assert export_into(root, "--cpu-precision", "float32").exit_code == 0
    for model in ("text_detection", "text_recognition"):
        folder = root / model / "1"
        assert (folder / MODEL_FILE).read_bytes() == (folder / CPU_MODEL_FILE).read_bytes()


def enlarge(model: ModelProto) -> ModelProto:
    """Let the first product give three times what it should."""
    scale = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("_scale"))
    scale.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(scale) * np.float32(3), scale.name))
    return model


def test_a_cpu_graph_that_finds_other_boxes_is_refused(detector: DetectorExport) -> None:
    spoilt = enlarge(cpu.in_int8(detector.graph, verify.detector_inputs(detector.detector, SAMPLES)[:1]))
    with pytest.raises(ExportError, match=r"in int8 only \d+ of \d+ boxes .* --cpu-precision float32"):
        likeness.Boxes(detector, SAMPLES).in_int8(spoilt).check_in_int8()


def test_a_cpu_graph_that_reads_other_texts_is_refused(
    recognizer: RecognizerExport, lines: list[NDArray[np.uint8]]
) -> None:
    spoilt = enlarge(cpu.in_int8(recognizer.graph, verify.line_batches(lines, recognizer.recognizer)[:8]))
    with pytest.raises(ExportError, match=r"in int8 only \d+ of \d+ texts .* --cpu-precision float32"):
        likeness.Texts(recognizer, lines).in_int8(spoilt).check_in_int8()
