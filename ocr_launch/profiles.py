"""Which profile suits this machine: whose configurations of the models are taken."""

import dataclasses
from collections.abc import Callable

from ocr_launch import machine
from ocr_launch.errors import StartError

AUTO, CPU, GPU, TENSORRT, CONFIGURED = "auto", "cpu", "gpu", "tensorrt", "configured"
PROFILES = (AUTO, CPU, GPU, TENSORRT, CONFIGURED)
ON_GPU = (GPU, TENSORRT)


@dataclasses.dataclass(frozen=True)
class Profile:
    """A profile, and why it was chosen.

    Attributes:
        name: cpu, gpu, tensorrt or configured.
        reason: For people.
    """

    name: str
    reason: str

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of the server: models for CPUs would take a GPU that they see."""
        return {"CUDA_VISIBLE_DEVICES": ""} if self.name == CPU else {}


def choose(asked: str, check_gpu: Callable[[str], None]) -> Profile:
    """Take the profile that was asked for, or with `auto` the one that suits this machine.

    Args:
        asked: One of `PROFILES`.
        check_gpu: Raises StartError if the GPU profile of this name cannot run here.

    Raises:
        StartError: There is no such profile, or `check_gpu` says that it cannot run here.
    """
    if asked not in PROFILES:
        raise StartError(f"there is no profile {asked!r}; choose one of {', '.join(PROFILES)}")
    if asked != AUTO:
        if asked in ON_GPU:
            check_gpu(asked)
        return Profile(asked, "as asked for")
    if not machine.has_gpu():
        return Profile(CPU, "there is no GPU")
    try:
        check_gpu(GPU)
    except StartError as error:
        return Profile(CPU, f"there is a GPU, but {error}")
    return Profile(GPU, "there is a GPU")
