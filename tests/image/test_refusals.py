"""What a container that cannot serve says: one sentence on what is wrong and what to do."""

import pytest

from tests.image.image import Image

ENOUGH = "--shm-size=1g"
# What is looked for where there is no GPU to be had.
GPU_DEVICE = "--volume=/dev/null:/dev/nvidiactl"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(
            ["--shm-size=64m"],
            "/dev/shm has 64 MB and the Python steps need 512: "  # noqa: S108
            "run the container with --shm-size=1g (Kubernetes: an emptyDir of medium Memory)",
            id="shared-memory-of-Dockers-default-size",
        ),
        pytest.param(
            [ENOUGH, "--tmpfs=/opt/ocr/model_repository"],
            "/opt/ocr/model_repository is not a model repository: it has no ocr_ensemble/config.pbtxt; "
            "write it with `python -m export --model-repository DIR`",
            id="a-folder-without-models",
        ),
        pytest.param(
            [ENOUGH, "--env=OCR_PROFILE=gpu"],
            "OCR_PROFILE=gpu needs a GPU and this container has none: run it with --gpus all, or with OCR_PROFILE=cpu",
            id="the-gpu-profile-without-a-GPU",
        ),
        pytest.param(
            [ENOUGH, "--env=OCR_PROFILE=tensorrt"],
            "OCR_PROFILE=tensorrt needs a GPU and this container has none: "
            "run it with --gpus all, or with OCR_PROFILE=cpu",
            id="the-tensorrt-profile-without-a-GPU",
        ),
        pytest.param(
            [ENOUGH, "--env=OCR_PROFILE=tensorrt", GPU_DEVICE, "--read-only"],
            "OCR_PROFILE=tensorrt keeps its engines in /var/cache/ocr-triton, which is read-only here: "
            "mount a volume there",
            id="the-tensorrt-profile-without-a-place-for-its-engines",
        ),
        pytest.param(
            [ENOUGH, "--env=OCR_PROFILE=fast"],
            "OCR_PROFILE is 'fast'; it must be one of auto, cpu, gpu, tensorrt, configured",
            id="a-profile-that-there-is-not",
        ),
        pytest.param(
            [ENOUGH, "--read-only"],
            "cannot write configurations for this machine into /tmp/ocr-serve (Read-only file system); "
            "in a container: --tmpfs=/tmp",
            id="nowhere-to-write-configurations",
        ),
        pytest.param(
            [ENOUGH, "--env=OCR_ADMIN_KEY=a=b"],
            "OCR_ADMIN_KEY may have letters, digits, '.', '_' and '-' only",
            id="a-key-that-Triton-would-misread",
        ),
    ],
)
def test_one_sentence_says_what_is_wrong(image: Image, options: list[str], sentence: str) -> None:
    done = image.docker.run("run", "--rm", *options, image.tag, check=False)
    (said,) = (line for line in done.stdout.splitlines() if line.startswith("ocr-serve:"))
    assert (done.returncode, said) == (1, f"ocr-serve: {sentence}")
