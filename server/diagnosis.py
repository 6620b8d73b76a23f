"""What a failed start means: the end of the server's log, and what to do where that is known."""

import re
from pathlib import Path

LAST_LINES = 15

# What Triton calls errors on every machine without a GPU.
HARMLESS = r"CUDA driver version is insufficient|CudaDriverHelper has not been initialized"
# Triton says what went wrong in lines that begin with E; a table of all models and farewells follow them. The C++
# runtime's last words come when it crashes.
ERROR = r"E\d{4} |terminate called|  what\(\):"

# What the log says → what to do. The first that matches counts.
CURES = {
    r"write it with `python -m export`": "export the models first: make export (or python -m export)",
    r"libpython3[\d.]*so[\d.]*: cannot open": "install this Python's shared library (Debian: libpython3.x)",
    r"[Aa]ddress already in use|already in use": "another program took the port meanwhile; start again",
    r"[Ff]ailed to increase the shared memory pool|No space left on device": (
        "/dev/shm is too small; in a container give it more, such as --shm-size=1g"  # noqa: S108 - no file of ours
    ),
    r"kind KIND_GPU but no GPUs": "the chosen configurations need a GPU and there is none; use --profile cpu",
    r"cannot use its CUDAExecutionProvider": (
        "install the libraries that onnxruntime-gpu needs (pip install 'onnxruntime-gpu[cuda,cudnn]'), or use "
        "--profile cpu"
    ),
    r"cannot use its TensorrtExecutionProvider": (
        "install TensorRT's libraries, of the version that onnxruntime-gpu was built for, or use --profile gpu"
    ),
    r"terminate called": "this Triton crashed, as it rarely does, twice in a row; start it again",
    r"No module named '(\w+)'": "the server's environment lacks a package; install it anew: make clean; make demo",
}


def explain(what: str, log_text: str, log: Path) -> str:
    """One message for a failed start: the cure first, then the end of the log.

    Args:
        what: What has happened, for people.
        log_text: All that the server has written.
        log: Where it stands.
    """
    lines = [line for line in log_text.splitlines() if line.strip() and not re.search(HARMLESS, line)]
    cure = next((cure for pattern, cure in CURES.items() if re.search(pattern, log_text)), "")
    headline = f"{what}: {cure}" if cure else what
    errors = [line for line in lines if re.match(ERROR, line)]
    return "\n".join([f"{headline}.", "The end of its log:", *(errors or lines)[-LAST_LINES:], f"All of it: {log}"])
