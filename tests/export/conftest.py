"""Models, each built once; the smallest ones where any will do."""

import dataclasses
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from downloads import fetch
from export import cpu, cuda, gpu, groups, likeness, torch_export, verify
from export.__main__ import main
from export.choices import DETECTORS, RECOGNIZERS, Choice, Export
from export.contract import DetectorExport, RecognizerExport
from tests.project import SAMPLES

CHOICE = "ppocrv6-tiny"

Run = Callable[..., Result]


class Built(Protocol):
    """A choice → its model."""

    def __call__(self, choice: Choice[Export]) -> Export:
        """Build it, or take what was built before."""


# Runs where torch is. The network is random, but each of its letters is about as probable as another; a network as
# torch initialises it says one and the same thing of every crop.
SEEDED_RESNET = """
import json, sys, torch
from pathlib import Path
from export.torch_networks.resnet_ctc import ResNetCtc
torch.manual_seed(0)
network = ResNetCtc().train()
for module in network.modules():
    if isinstance(module, torch.nn.BatchNorm2d):
        module.momentum = None
with torch.inference_mode():
    network(torch.rand(8, 1, 32, 100) * 2 - 1)
    network.Prediction.weight.mul_(20)
    network.Prediction.bias.zero_()
torch.save({"module." + name: value for name, value in network.state_dict().items()}, sys.argv[1])
shapes = {name: list(value.shape) for name, value in network.state_dict().items()}
Path(sys.argv[2]).write_text(json.dumps(shapes))
"""


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of None-ResNet-None-CTC, which no package registry holds: the same tensors, other numbers."""
    folder = tmp_path_factory.mktemp("seeded")
    torch_export.TORCH.run("-c", SEEDED_RESNET, folder / "None-ResNet-None-CTC.pth", folder / "shapes.json")
    return folder / "None-ResNet-None-CTC.pth"


@pytest.fixture(scope="session")
def built(request: pytest.FixtureRequest) -> Built:
    """What builds a model once, with the weights of `seeded` where the published ones are out of reach."""
    models: dict[Any, Any] = {}

    def build(choice: Choice[Export]) -> Export:
        if choice not in models:
            seeded = [request.getfixturevalue("seeded")] if choice.name == "resnet-ctc" else None
            models[choice] = choice.build(*(seeded or map(fetch, choice.sources)))
        model: Export = models[choice]
        return model

    return build


@pytest.fixture(scope="session")
def weights() -> dict[str, list[Path]]:
    """The published files of the detector and of the recognizer."""
    return {
        "detector": [fetch(source) for source in DETECTORS[CHOICE].sources],
        "recognizer": [fetch(source) for source in RECOGNIZERS[CHOICE].sources],
    }


@pytest.fixture(scope="session")
def detector(built: Built) -> DetectorExport:
    return built(DETECTORS[CHOICE])


@pytest.fixture(scope="session")
def recognizer(built: Built) -> RecognizerExport:
    return built(RECOGNIZERS[CHOICE])


@pytest.fixture(scope="session")
def lines(detector: DetectorExport, recognizer: RecognizerExport) -> list[NDArray[np.uint8]]:
    """Crops of the samples."""
    return verify.cut_lines(detector, recognizer.recognizer, SAMPLES)


@pytest.fixture(scope="session")
def export_into() -> Run:
    """`python -m export` with the smallest models into a folder, with more arguments if need be."""

    def run(folder: Path, *arguments: object) -> Result:
        choice = ["--detector", CHOICE, "--recognizer", CHOICE, "--model-repository", folder]
        return CliRunner().invoke(main, [str(argument) for argument in (*choice, *arguments)])

    return run


@pytest.fixture(scope="session")
def exported(export_into: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that the exporter has written, verified: read only."""
    root = tmp_path_factory.mktemp("exported")
    result = export_into(root)
    assert result.exit_code == 0, result.output
    return root


@pytest.fixture
def root(exported: Path, tmp_path: Path) -> Path:
    """A repository of one's own, with version 1 in it."""
    return Path(shutil.copytree(exported, tmp_path / "repository"))


@pytest.fixture
def quickly(
    monkeypatch: pytest.MonkeyPatch, detector: DetectorExport, recognizer: RecognizerExport
) -> pytest.MonkeyPatch:
    """The models as built before, taken as right: for tests of what becomes of them."""
    monkeypatch.setitem(DETECTORS, CHOICE, dataclasses.replace(DETECTORS[CHOICE], build=lambda *_: detector))
    monkeypatch.setitem(RECOGNIZERS, CHOICE, dataclasses.replace(RECOGNIZERS[CHOICE], build=lambda *_: recognizer))
    monkeypatch.setattr(verify, "verify_detector", lambda *_: verify.Report())
    monkeypatch.setattr(verify, "verify_recognizer", lambda *_: verify.Report())
    monkeypatch.setattr(verify, "cut_lines", lambda *_: [])
    monkeypatch.setattr(likeness, "detector_inputs", lambda *_: [])
    for module, name in ((cpu, "in_float32"), (cpu, "in_int8"), (gpu, "for_gpus"), (cuda, "for_cuda")):
        monkeypatch.setattr(module, name, lambda model, *_, **__: model)
    monkeypatch.setattr(likeness, "line_batches", lambda *_: [])
    for kind, form in product((likeness.Boxes, likeness.Texts), ("float32", "int8", "float16", "fixed_shapes")):
        monkeypatch.setattr(kind, f"in_{form}", lambda *_: likeness.Same("boxes"))
    monkeypatch.setattr(groups, "in_groups", lambda model: model)
    monkeypatch.setattr(likeness.Texts, "in_groups", lambda *_: likeness.Same("texts"))
    return monkeypatch
