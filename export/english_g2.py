"""EasyOCR's English recognizer of the second generation, published as a PyTorch checkpoint."""

import string
from pathlib import Path

from export import torch_export
from export.contract import RecognizerExport
from ocr_core.recognizer import Recognizer

# EasyOCR's `recognition_models["gen2"]["english_g2"]["characters"]`, in front of it the blank.
CHARACTERS = ["", *string.digits, *string.punctuation, " ", "€", *string.ascii_uppercase, *string.ascii_lowercase]
# Trained at height 64, with narrow lines padded by their last column: grey instead costs it 7 points of F1 on receipts.
# 16 px are three time steps, and lines of 600 letters in 11600 px are read as well as short ones.
RECOGNIZER = Recognizer(height=64, min_width=16, max_width=12800, padding="edge", characters=tuple(CHARACTERS))


def recognizer(checkpoint: Path) -> RecognizerExport:
    """Build the recognizer from `english_g2.pth`."""
    return torch_export.recognizer("english-g2", checkpoint, RECOGNIZER)
