"""None-ResNet-None-CTC of Baek et al. 2019 (arXiv:1904.01906), published as a PyTorch checkpoint."""

import string
from pathlib import Path

from export import torch_export
from export.contract import RecognizerExport
from ocr_core.recognizer import Recognizer

# The case-insensitive model; class 0 is the blank.
CHARACTERS = ["", *string.digits, *string.ascii_lowercase]
# Trained on words that were squashed or stretched to 32 x 100, whatever their shape.
RECOGNIZER = Recognizer(height=32, min_width=100, max_width=100, characters=tuple(CHARACTERS))


def recognizer(checkpoint: Path) -> RecognizerExport:
    """Build the recognizer from `None-ResNet-None-CTC.pth`."""
    return torch_export.recognizer("resnet-ctc", checkpoint, RECOGNIZER)
