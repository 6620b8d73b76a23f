"""The log of a server that could not start → what to do."""

from pathlib import Path

import pytest

from server.diagnosis import LAST_LINES, explain

LOG = Path("/logs/triton.log")
STOPPED = "the server stopped while starting"


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        (
            "E1122 model.cc:9] failed to load 'x': recognizer.json is missing; write it with `python -m export`",
            "export the models first: make export (or python -m export)",
        ),
        (
            "stub: error while loading shared libraries: libpython3.12.so.1.0: cannot open shared object file",
            "install this Python's shared library (Debian: libpython3.x)",
        ),
        (
            "E1122 http_server.cc:7] failed to start HTTP service: Socket '127.0.0.1:8000' already in use",
            "another program took the port meanwhile; start again",
        ),
        (
            "E1122 stub.cc:4] Failed to increase the shared memory pool size for key 'x' to 67108864 bytes",
            "/dev/shm is too small; in a container give it more, such as --shm-size=1g",  # noqa: S108 - a message
        ),
        (
            "E1122 model.cc:1] instance group text_detection_0 of model x has kind KIND_GPU but no GPUs are available",
            "the chosen configurations need a GPU and there is none; use --profile cpu",
        ),
        (
            "E1122 model.cc:9] text_detection: ONNX Runtime 1.31.1 cannot use its CUDAExecutionProvider; most likely",
            (
                "install the libraries that onnxruntime-gpu needs (pip install 'onnxruntime-gpu[cuda,cudnn]'), or use "
                "--profile cpu"
            ),
        ),
        (
            "E1122 model.cc:9] text_recognition: ONNX Runtime 1.31.1 cannot use its TensorrtExecutionProvider; most",
            "install TensorRT's libraries, of the version that onnxruntime-gpu was built for, or use --profile gpu",
        ),
        (
            "E1122 stub.cc:4] ModuleNotFoundError: No module named 'cv2'",
            "the server's environment lacks a package; install it anew: make clean; make demo",
        ),
    ],
)
def test_a_known_failure_begins_with_its_cure(line: str, cure: str) -> None:
    assert explain(STOPPED, f"I1122 starting\n{line}\n", LOG).splitlines()[0] == f"{STOPPED}: {cure}."


def test_an_unknown_failure_shows_what_the_server_called_errors_and_where_the_rest_is() -> None:
    log = "I1122 loading\nE1122 a.cc:1] no such thing\n+---+\n| models |\nE1122 b.cc:2] giving up\nI1122 bye\n"
    assert explain(STOPPED, log, LOG).splitlines() == [
        "the server stopped while starting.",
        "The end of its log:",
        "E1122 a.cc:1] no such thing",
        "E1122 b.cc:2] giving up",
        "All of it: /logs/triton.log",
    ]


def test_a_log_without_errors_shows_its_last_lines() -> None:
    lines = [f"I1122 line {i}" for i in range(40)]
    _, _, *end, _ = explain(STOPPED, "\n\n".join(lines), LOG).splitlines()
    assert end == lines[-LAST_LINES:]


def test_a_server_that_said_nothing_is_not_blamed_for_anything() -> None:
    assert explain(STOPPED, "", LOG).splitlines() == [
        "the server stopped while starting.",
        "The end of its log:",
        "All of it: /logs/triton.log",
    ]


def test_a_crash_is_not_blamed_on_the_gpu_that_there_is_not() -> None:
    log = (
        "E1122 pinned.cc:3] CudaDriverHelper has not been initialized.\n"
        "I1122 loading\n"
        "terminate called after throwing an instance of 'boost::interprocess::lock_exception'\n"
        "  what():  boost::interprocess::lock_exception\n"
    )
    said = explain(STOPPED, log, LOG)
    assert said.splitlines()[0] == (
        f"{STOPPED}: this Triton crashed, as it rarely does, twice in a row; start it again."
    )
    assert "lock_exception" in said
    assert "Cuda" not in said
