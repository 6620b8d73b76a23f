"""What goes wrong in the rewriting of a graph is found before anything is written."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper

from export import graph, ppocr, verify
from export.contract import DetectorExport, Outputs, RecognizerExport
from export.errors import ExportError
from tests.project import SAMPLES

Spoil = Callable[[ModelProto], object]
take_uint8_rgb = graph.take_uint8_rgb


def blur_weights(model: ModelProto) -> None:
    """Add a little noise to the largest tensor of weights."""
    floats = [tensor for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT]
    tensor = max(floats, key=lambda tensor: len(tensor.raw_data))
    noise = np.random.default_rng(0).normal(0, 0.05, tensor.dims).astype(np.float32)
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) + noise, tensor.name))


def rename_output(model: ModelProto) -> None:
    """Call the first output otherwise, in the whole graph."""
    old = model.graph.output[0].name
    for node in model.graph.node:
        node.output[:] = ["scores" if name == old else name for name in node.output]
    model.graph.output[0].name = "scores"


def fix_width(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 160


def fix_batch(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def add_output(model: ModelProto) -> None:
    model.graph.node.append(onnx.helper.make_node("Identity", [model.graph.output[0].name], ["copy"]))
    output = model.graph.output.add()
    output.CopyFrom(model.graph.output[0])
    output.name = "copy"


SPOILT = [
    pytest.param(blur_weights, "differs from the original by", id="weights are others"),
    pytest.param(rename_output, "signature is .*scores.* the contract wants", id="an output is called otherwise"),
    pytest.param(add_output, "signature is .*copy.* the contract wants", id="an output too many"),
    pytest.param(fix_width, "signature is .*None, None, 160, 3.* the contract wants", id="the width is fixed"),
    pytest.param(fix_batch, r"signature is .*\[1, None.* the contract wants", id="the batch is fixed"),
]


def copy(model: ModelProto) -> ModelProto:
    duplicate = ModelProto()
    duplicate.CopyFrom(model)
    return duplicate


@pytest.mark.parametrize(("spoil", "reason"), SPOILT)
def test_a_broken_detector_is_found(detector: DetectorExport, spoil: Spoil, reason: str) -> None:
    broken = replace(detector, graph=copy(detector.graph))
    spoil(broken.graph)
    with pytest.raises(ExportError, match=reason):
        verify.verify_detector(broken, SAMPLES)


@pytest.mark.parametrize(("spoil", "reason"), SPOILT)
def test_a_broken_recognizer_is_found(
    recognizer: RecognizerExport, lines: list[NDArray[np.uint8]], spoil: Spoil, reason: str
) -> None:
    broken = replace(recognizer, graph=copy(recognizer.graph))
    spoil(broken.graph)
    with pytest.raises(ExportError, match=reason):
        verify.verify_recognizer(broken, lines)


@pytest.mark.parametrize(
    ("asks", "reason"),
    [
        pytest.param(
            {"decoder": "east"}, r"decoder east with a stride of 1 pixels wants \(1, 6, 736, 960\)", id="family"
        ),
        pytest.param(
            {"map_stride_px": 4}, r"decoder db with a stride of 4 pixels wants \(1, 1, 184, 240\)", id="stride"
        ),
    ],
)
def test_a_detector_whose_maps_its_decoder_does_not_take_is_found(
    detector: DetectorExport, asks: dict[str, Any], reason: str
) -> None:
    wrong = replace(detector, detector=replace(detector.detector, **asks))
    with pytest.raises(ExportError, match=rf"the maps are \(1, 1, 736, 960\); {reason}"):
        verify.verify_detector(wrong, SAMPLES)


def take_swapped(
    model: ModelProto, name: str, mean: Sequence[float], std: Sequence[float], *, bgr: bool, shift: Sequence[float]
) -> None:
    """`take_uint8_rgb` with the order of colours turned, or with another mean."""
    other_mean = [value + change for value, change in zip(mean, shift, strict=True)]
    take_uint8_rgb(model, name, other_mean, std, bgr=bgr if any(shift) else not bgr)


@pytest.mark.parametrize(
    "shift", [pytest.param([0, 0, 0], id="order of colours"), pytest.param([0, 0, 5], id="mean of one colour")]
)
def test_wrong_pixels_are_found(
    monkeypatch: pytest.MonkeyPatch,
    weights: dict[str, list[Path]],
    lines: list[NDArray[np.uint8]],
    shift: Sequence[float],
) -> None:
    monkeypatch.setattr(graph, "take_uint8_rgb", partial(take_swapped, shift=shift))
    with pytest.raises(ExportError, match=r"differs from the original by|boxes follow"):
        verify.verify_detector(ppocr.detector(*weights["detector"]), SAMPLES)
    with pytest.raises(ExportError, match=r"differs from the original by|classes are the original's"):
        verify.verify_recognizer(ppocr.recognizer(*weights["recognizer"]), lines)


def test_a_list_of_characters_that_is_too_short_is_found(weights: dict[str, list[Path]], tmp_path: Path) -> None:
    network, characters = weights["recognizer"]
    shorter = tmp_path / "characters.txt"
    shorter.write_text("".join(characters.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    with pytest.raises(ExportError, match=r"has 6906 classes, its character list gives 6905"):
        ppocr.recognizer(network, shorter)


def test_another_text_is_found_where_the_confidence_is_right(
    recognizer: RecognizerExport, lines: list[NDArray[np.uint8]]
) -> None:
    def reference(batches: Sequence[NDArray[np.uint8]]) -> list[Outputs]:
        outputs = recognizer.reference(batches)
        indices = outputs[0]["indices"]
        first_letter = tuple(np.argwhere(indices > 0)[0])
        indices[first_letter] += 1
        return outputs

    export = replace(recognizer, reference=reference)
    with pytest.raises(ExportError, match=r"the texts are|classes are the original's"):
        verify.verify_recognizer(export, lines)
