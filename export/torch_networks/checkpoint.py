"""A .pth file into a network, trusting nothing in it: tensors only, every name and shape as published."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

# Checkpoints of networks that were trained on several GPUs name everything so.
PREFIX = "module."
# Counts training steps and plays no part in reading; some versions of torch did not save it.
COUNTER = "num_batches_tracked"


class CheckpointError(RuntimeError):
    """The file does not hold this network; the message says why."""


def load(network: nn.Module, file: Path) -> None:
    """Give a network the weights of a file.

    Raises:
        CheckpointError: The file holds anything but tensors, or others than the network has, or no finite numbers.
    """
    weights = _weights(file)
    _check(
        {name: tuple(value.shape) for name, value in network.state_dict().items()},
        {name: tuple(value.shape) for name, value in weights.items()},
    )
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError("its tensors are not plain arrays of numbers") from error
    if not all(value.isfinite().all() for value in network.state_dict().values()):
        raise CheckpointError("some of its numbers are not finite")


def _weights(file: Path) -> dict[str, Tensor]:
    try:
        # weights_only: the pickle in the file is read by an interpreter that can build tensors and nothing else.
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # broken files make torch stumble in a dozen ways
        if refused := re.search(r"GLOBAL (\S+)", str(error)):
            raise CheckpointError(f"it asks for {refused[1]}, and nothing but tensors is loaded") from error
        raise CheckpointError("it is not a PyTorch checkpoint, or is a broken one") from error
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise CheckpointError("it holds something else than a table of tensors")
    return {str(name).removeprefix(PREFIX): value for name, value in found.items()}


def _check(wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> None:
    """Compare names and shapes.

    Raises:
        CheckpointError: They differ; with the first difference and the number of them.
    """
    wanted = {name: shape for name, shape in wanted.items() if not name.endswith(COUNTER)}
    found = {name: shape for name, shape in found.items() if not name.endswith(COUNTER)}
    faults = [f"{name} is missing" for name in wanted if name not in found]
    faults += [f"{name} is unknown" for name in found if name not in wanted]
    faults += [
        f"{name} has the shape {list(found[name])}, not {list(shape)}"
        for name, shape in wanted.items()
        if name in found and found[name] != shape
    ]
    if faults:
        raise CheckpointError(faults[0] + (f", and {len(faults) - 1} more such faults" if len(faults) > 1 else ""))
