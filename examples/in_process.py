"""Print the text in images without a server and a network: python in_process.py MODELS IMAGE...

MODELS is a folder that `python -m ocr_launch.publish MODELS` has written on this machine. Triton's library for Python,
`tritonserver`, runs it in this process; docs/in-process.md says where the library is.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

try:
    import tritonserver
except ImportError:
    sys.exit("error: there is no tritonserver for this Python: docs/in-process.md says where it is")

# Pages under way at once: what the pipeline takes without refusing any (`max_pages` of image_preprocessing).
PAGES = 8
# The steps call the recognizer, so Triton does not know that the ensemble needs it.
MODELS = ["ocr_ensemble", "text_recognition"]


def read(ensemble: "tritonserver.Model", file: Path) -> list[str]:
    """The lines of text in an image file."""
    (answer,) = ensemble.infer(inputs={"image": np.fromfile(file, np.uint8)})
    return list(answer.outputs["texts"].to_string_array())


def main(repository: str, *files: str) -> None:
    """Load the models, print each file's text, and end the processes of the models."""
    server = tritonserver.Server(
        model_repository=repository,
        model_control_mode=tritonserver.ModelControlMode.EXPLICIT,
        startup_models=MODELS,
        strict_model_config=True,
        log_error=True,
    )
    server.start(wait_until_ready=True)
    try:
        ensemble = server.model("ocr_ensemble")
        with ThreadPoolExecutor(PAGES) as executor:
            for file, lines in zip(files, executor.map(lambda file: read(ensemble, Path(file)), files), strict=True):
                print(f"==> {file} <==", *lines, sep="\n")
    finally:
        server.stop()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
