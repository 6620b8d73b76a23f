"""Recognizers out of PyTorch checkpoints: torch is in an environment of its own, made on the first run."""

import json
import math
import os
import re
import string
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from downloads import DownloadError, Source, fetch
from export import cpu, english_g2, groups, likeness, torch_export, verify, weights
from export.choices import RECOGNIZERS
from export.contract import DetectorExport, RecognizerExport
from export.errors import ExportError
from export.repository import ModelRepository
from ocr_client import OcrClient
from ocr_core import batching, crops, ctc, detection, image
from ocr_core.options import Options
from server.triton import TritonServer
from tests.export.conftest import Built
from tests.project import ROOT, SAMPLES

pytestmark = pytest.mark.frameworks

# What someone may give for english_g2.pth, made out of it.
BROKEN = """
import os, pickle, sys, torch
from pathlib import Path
published, folder = map(Path, sys.argv[1:])
class Code:
    def __reduce__(self):
        return os.mkdir, (str(folder / "was run"),)
def save(name, without=(), **more):
    tensors = torch.load(published, map_location="cpu", weights_only=True)
    kept = {key: value for key, value in tensors.items() if key not in without}
    torch.save({**kept, **{"module." + key.replace("__", "."): value for key, value in more.items()}}, folder / name)
save("missing", without=["module.Prediction.bias"])
save("extra", attention=torch.zeros(1))
save("classes", Prediction__weight=torch.zeros(38, 256), Prediction__bias=torch.zeros(38))
save("nan", Prediction__bias=torch.full((97,), torch.nan))
save("code", attention=Code())
torch.save([torch.zeros(1)], folder / "list")
(folder / "pickle").write_bytes(pickle.dumps(Code()))
(folder / "half").write_bytes(published.read_bytes()[: published.stat().st_size // 2])
(folder / "page").write_text("<!DOCTYPE html>")
"""


@pytest.fixture(scope="session")
def published() -> Path:
    """EasyOCR's own checkpoint."""
    (source,) = RECOGNIZERS["english-g2"].sources
    return fetch(source)


@pytest.fixture(scope="session")
def english(built: Built) -> RecognizerExport:
    return built(RECOGNIZERS["english-g2"])


@pytest.fixture(scope="session")
def resnet(built: Built) -> RecognizerExport:
    return built(RECOGNIZERS["resnet-ctc"])


@pytest.fixture(scope="session")
def broken(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that are no checkpoint of the network."""
    folder = tmp_path_factory.mktemp("broken")
    torch_export.TORCH.run("-c", BROKEN, published, folder)
    return folder


def export_command(folder: Path, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """`python -m export` with the smallest detector, as a user runs it."""
    command = [sys.executable, "-m", "export", "--detector", "ppocrv6-tiny", "--model-repository", folder, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own program


def squashed(lines: list[NDArray[np.uint8]], height: int) -> NDArray[np.uint8]:
    """Lines of any size → one batch, 100 px wide."""
    return np.asarray(np.stack([cv2.resize(line, (100, height)) for line in lines]), np.uint8)


def read(detector: DetectorExport, recognizer: RecognizerExport, name: str) -> list[str]:
    """The lines of a sample, by the steps that run inside Triton."""
    page, _ = image.decode((SAMPLES / name).read_bytes(), 100, detector.detector)
    maps = verify.runner(detector.graph)(image.fit_to_detector(page, detector.detector)[None])["maps"][0]
    quads, _ = detection.decode(maps, image.size(page), detector.detector, Options())
    strip, widths = crops.cut(page, quads, recognizer.recognizer)
    calls, batches = batching.pack(strip, widths, recognizer.recognizer, batching.ALONE)
    run = verify.runner(recognizer.graph)
    outputs = [(answer["indices"], answer["confidences"]) for answer in map(run, batches)]
    return list(ctc.decode_calls(calls, outputs, recognizer.recognizer.characters)[0])


def test_english_g2_is_what_torch_computes(english: RecognizerExport, lines: list[NDArray[np.uint8]]) -> None:
    report = verify.verify_recognizer(english, lines)
    assert (report.batches, report.decisions) == (6, 10)  # two widths; one, three, and noise


def test_english_g2_reads_the_same_in_groups(detector: DetectorExport, english: RecognizerExport) -> None:
    """Its crops are padded with their last column, and it has an LSTM, which sees all of a crop."""
    alone = cpu.in_float32(english.graph, gelu_by_tanh=False)
    lines = verify.cut_lines(detector, english.recognizer, SAMPLES)
    report = likeness.Texts(english, lines).in_groups(groups.in_groups(alone), alone)
    assert report.same == report.decisions > 40


def test_english_g2_reads_a_label(detector: DetectorExport, english: RecognizerExport) -> None:
    assert read(detector, english, "label.png") == (SAMPLES / "label.txt").read_text(encoding="utf-8").splitlines()


def test_the_random_network_tells_crops_apart(resnet: RecognizerExport, lines: list[NDArray[np.uint8]]) -> None:
    """Else the comparison with torch would have proved little."""
    indices = verify.runner(resnet.graph)(squashed(lines[:8], height=32))["indices"]
    assert len(np.unique(indices)) > 10
    assert len(np.unique(indices, axis=0)) == 8


def published_resnet() -> dict[str, list[int]]:
    """Names and shapes of the tensors of the authors' ResNet(1, 512, BasicBlock, [1, 2, 5, 3]) and its prediction."""
    layers = {  # convolution and normalization: channels in and out, side of the kernel
        ("conv0_1", "bn0_1"): (1, 32, 3),
        ("conv0_2", "bn0_2"): (32, 64, 3),
        ("conv1", "bn1"): (128, 128, 3),
        ("conv2", "bn2"): (256, 256, 3),
        ("conv3", "bn3"): (512, 512, 3),
        ("conv4_1", "bn4_1"): (512, 512, 2),
        ("conv4_2", "bn4_2"): (512, 512, 2),
        ("layer1.0.downsample.0", "layer1.0.downsample.1"): (64, 128, 1),
        ("layer2.0.downsample.0", "layer2.0.downsample.1"): (128, 256, 1),
        ("layer3.0.downsample.0", "layer3.0.downsample.1"): (256, 512, 1),
    }
    blocks = ["1.0", "2.0", "2.1", "3.0", "3.1", "3.2", "3.3", "3.4", "4.0", "4.1", "4.2"]
    for block, before in zip(blocks, [64, 128, 256, 256, *[512] * 7], strict=True):
        after = {"1": 128, "2": 256}.get(block[0], 512)
        layers[f"layer{block}.conv1", f"layer{block}.bn1"] = (before, after, 3)
        layers[f"layer{block}.conv2", f"layer{block}.bn2"] = (after, after, 3)
    shapes = {"Prediction.weight": [37, 512], "Prediction.bias": [37]}
    for (conv, norm), (channels_in, channels_out, side) in layers.items():
        shapes[f"FeatureExtraction.ConvNet.{conv}.weight"] = [channels_out, channels_in, side, side]
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"FeatureExtraction.ConvNet.{norm}.{part}"] = [channels_out]
        shapes[f"FeatureExtraction.ConvNet.{norm}.num_batches_tracked"] = []
    return shapes


def test_the_network_has_the_published_ones_tensors(seeded: Path) -> None:
    shapes = json.loads(seeded.with_name("shapes.json").read_text())
    assert shapes == published_resnet()
    learnt = {name: shape for name, shape in shapes.items() if not re.search("running_|num_batches", name)}
    # Of 4 bytes each: the published file has about 177 MB.
    assert sum(math.prod(shape) for shape in learnt.values()) == 44_282_885


def test_both_have_the_published_networks_classes_and_time_steps(
    english: RecognizerExport, resnet: RecognizerExport
) -> None:
    assert english.recognizer.characters[1:] == tuple(
        "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ €ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    )
    assert len(english.recognizer.characters) == 97
    assert resnet.recognizer.characters == ("", *string.digits, *string.ascii_lowercase)
    crop = np.zeros((2, 32, 100, 3), np.uint8)
    assert verify.runner(resnet.graph)(crop)["indices"].shape == (2, 26)


@pytest.mark.parametrize("name", ["english", "resnet"])
def test_texts_agree_with_another_decoder(
    name: str, request: pytest.FixtureRequest, lines: list[NDArray[np.uint8]]
) -> None:
    recognizer: RecognizerExport = request.getfixturevalue(name)
    outputs = verify.runner(recognizer.graph)(squashed(lines[:20], recognizer.recognizer.height))
    texts, _ = ctc.decode(outputs["indices"], outputs["confidences"], recognizer.recognizer.characters)
    runs = [[index for index, _ in groupby(row)] for row in outputs["indices"].tolist()]
    assert texts == ["".join(recognizer.recognizer.characters[index] for index in row if index).strip() for row in runs]
    assert any(texts)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("missing", "Prediction.bias is missing"),
        ("extra", "attention is unknown"),
        ("classes", r"Prediction.weight has the shape \[38, 256\], not \[97, 256\], and 1 more such faults"),
        ("nan", "some of its numbers are not finite"),
        ("code", r"it asks for posix\.mkdir, and nothing but tensors is loaded"),
        ("pickle", "it is not a PyTorch checkpoint, or is a broken one"),
        ("list", "it holds something else than a table of tensors"),
        ("half", "it is not a PyTorch checkpoint, or is a broken one"),
        ("page", "it is not a PyTorch checkpoint, or is a broken one"),
    ],
)
def test_what_is_no_checkpoint_of_the_network_is_reported(broken: Path, file: str, reason: str) -> None:
    with pytest.raises(ExportError, match=f"^{broken / file} is not the checkpoint of english-g2: {reason}$"):
        english_g2.recognizer(broken / file)
    assert not (broken / "was run").exists()


def test_a_checkpoint_of_another_network_leaves_the_repository_as_it_was(published: Path, tmp_path: Path) -> None:
    done = export_command(tmp_path / "new", "--recognizer", "resnet-ctc", "--weights", f"resnet-ctc={published}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(f"Error: {published} is not the checkpoint of resnet-ctc: ")
    assert not (tmp_path / "new").exists()


def test_a_checkpoint_of_the_users_own_is_exported_noted_and_served(seeded: Path, tmp_path: Path) -> None:
    arguments = ("--recognizer", "resnet-ctc", "--weights", f"resnet-ctc={os.path.relpath(seeded, ROOT)}")
    done = export_command(tmp_path / "new", *arguments)
    assert done.returncode == 0, done.stderr
    assert re.search(r"recognizer: 3 batches, largest difference \S+, 5 texts equal", done.stderr)  # it takes one width
    manifest = ModelRepository(tmp_path / "new", version=1).manifest
    assert manifest
    notes = manifest.inputs["text_recognition"]
    assert notes["source"] == seeded.name
    assert f"resnet-ctc is {seeded.name}, SHA-256 {notes['sha256']}\n" in done.stderr
    assert "already" in export_command(tmp_path / "new", *arguments).stderr  # and not exported again
    with TritonServer(tmp_path / "new", log=tmp_path / "triton.log") as server, OcrClient(server.url) as client:
        assert client.read(SAMPLES / "label.png").lines


def test_where_the_published_file_is_out_of_reach_the_way_out_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(source: Source) -> Source:
        raise DownloadError(f"cannot reach {source.url}")

    monkeypatch.setattr(weights, "identify", unreachable)
    with pytest.raises(DownloadError) as caught:
        weights.find(RECOGNIZERS["resnet-ctc"], {})
    assert str(caught.value).endswith("; if you have the file, give it with --weights resnet-ctc=FILE")
