"""`python -m export.torch_networks VERB NETWORK CHECKPOINT PATH`, called by export/torch_export.py."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from export.torch_networks.checkpoint import CheckpointError, load
from export.torch_networks.contract import Recognizer, argmax
from export.torch_networks.english_g2 import EnglishG2
from export.torch_networks.resnet_ctc import ResNetCtc

NETWORKS: dict[str, Callable[[], nn.Module]] = {"resnet-ctc": ResNetCtc, "english-g2": EnglishG2}
OPSET = 17


def convert(network: nn.Module, target: Path) -> None:
    """Write the recognizer as ONNX: `crops` in, `indices` and `confidences` out, all axes but the colours free."""
    # One crop, because torch warns of recurrent layers traced with more; its size does not matter.
    example = torch.zeros(1, 64, 128, 3, dtype=torch.uint8)
    torch.onnx.export(
        Recognizer(network).eval(),
        (example,),
        str(target),
        input_names=["crops"],
        output_names=["indices", "confidences"],
        dynamic_axes={
            "crops": {0: "batch", 1: "height", 2: "width"},
            "indices": {0: "batch", 1: "time"},
            "confidences": {0: "batch", 1: "time"},
        },
        opset_version=OPSET,
        # The exporter that torch prefers by now takes 88 s instead of 3 for english-g2, needs another package and
        # writes the example's number of time steps into the graph.
        dynamo=False,
    )


def read(network: nn.Module, folder: Path) -> None:
    """Have the network itself read what it was made for: the reference that the ONNX file is held against.

    Args:
        network: As published.
        folder: Of .npy files, each a batch of grey crops, (N, H, W) uint8; beside each comes an .npz with `indices`
            (N, T) int32 and `confidences` (N, T) float32.
    """
    for file in folder.glob("*.npy"):
        grey = torch.from_numpy(np.load(file))
        # Both authors' own scaling: torchvision's ToTensor, then minus a half and divided by a half.
        scaled = grey[:, None].float().div(255).sub(0.5).div(0.5)
        with torch.inference_mode():
            indices, confidences = argmax(network(scaled))
        np.savez(file.with_suffix(".npz"), indices=indices.numpy(), confidences=confidences.numpy())


VERBS: dict[str, Callable[[nn.Module, Path], None]] = {"convert": convert, "read": read}


def main(verb: str, name: str, checkpoint: str, path: str) -> None:
    """Load a network and do one thing with it."""
    network = NETWORKS[name]().eval()
    try:
        load(network, Path(checkpoint))
    except CheckpointError as error:
        sys.exit(f"{checkpoint} is not the checkpoint of {name}: {error}")
    VERBS[verb](network, Path(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
