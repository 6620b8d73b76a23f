"""Where a model comes from and what made it: exports with equal entries give equal files."""

import hashlib
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import PIL

import ocr_core
from downloads import Source
from export import cuda_kernels, verify
from export.choices import Choice

EXPORT = Path(__file__).parent
OCR_CORE = Path(ocr_core.__file__).parent
SAMPLES = EXPORT.parent / "samples"
# Whose versions decide what the graphs look like, or what is seen on the samples.
LIBRARIES = {"onnx": onnx, "onnxruntime": ort, "numpy": np, "opencv": cv2, "pillow": PIL}


def provenance(choice: Choice[Any], sources: list[Source], cpu_precision: str, gpu_precision: str) -> dict[str, str]:
    """What decides a model's files.

    Args:
        choice: The detector or recognizer.
        sources: Its files, with their hashes.
        cpu_precision: As on the command line.
        gpu_precision: The same.
    """

    def join(field: str) -> str:
        return ", ".join(str(getattr(source, field)) for source in sources)

    return {
        "choice": choice.name,
        "source": join("origin"),
        "sha256": join("sha256"),
        "licence": join("licence"),
        "cpu_precision": cpu_precision if choice.int8_on_cpus else "float32",
        "gpu_precision": gpu_precision if choice.half_on_gpus else "float32",
        "libraries": ", ".join(f"{name} {library.__version__}" for name, library in LIBRARIES.items()),
        "exporter": f"{package_version('ocr-triton')}+{_digest(deciding_files())}",
    }


def deciding_files() -> list[Path]:
    """This project's files that decide what is exported: the exporter and its table, the steps' functions, the samples.

    Of the package `downloads` nothing counts: what it fetches is known by its hash.
    """
    pages = [SAMPLES / name for name in verify.PAGES]
    return sorted([*EXPORT.rglob("*.py"), cuda_kernels.TABLE, *OCR_CORE.rglob("*.py"), *pages])


def _digest(files: list[Path]) -> str:
    """Of names and contents."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()[:12]
