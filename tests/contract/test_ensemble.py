"""The ensemble's graph is closed, and every tensor fits from its producer to its consumers."""

from typing import Any

import pytest

from tests.contract.configs import CONFIGS, ENSEMBLE, STEPS, by_name, full_dims, type_name

# The ensemble's own inputs come from outside, and its outputs go there.
OUTSIDE = "ocr_ensemble"


def producers() -> dict[str, tuple[str, Any]]:
    """Tensor of the ensemble → the model that makes it, and how that model declares it."""
    made = {tensor.name: (OUTSIDE, tensor) for tensor in ENSEMBLE.input}
    for step in STEPS:
        outputs = by_name(CONFIGS[step.model_name].output)
        made |= {ours: (step.model_name, outputs[theirs]) for theirs, ours in step.output_map.items()}
    return made


def consumers() -> list[tuple[str, str, Any]]:
    """Every use of a tensor: its name in the ensemble, the model that takes it, and how that model declares it."""
    used = [(tensor.name, OUTSIDE, tensor) for tensor in ENSEMBLE.output]
    for step in STEPS:
        inputs = by_name(CONFIGS[step.model_name].input)
        used += [(ours, step.model_name, inputs[theirs]) for theirs, ours in step.input_map.items()]
    return used


def fits(made: list[int], used: list[int]) -> bool:
    """Whether dimensions with the batch dimension fit; what varies may not meet what is fixed, but for the first.

    The first one counts the rows of a batch: 1 for a consumer of single pages, which is what a page's request has.

    >>> fits([1, -1, -1, 3], [-1, -1, -1, 3]), fits([-1, -1, 3], [-1, -1, -1, 3]), fits([-1, -1], [-1, 4])
    (True, False, False)
    """
    first = 1 if (made[0], used[0]) == (-1, 1) else made[0]
    return len(made) == len(used) and all(u in (-1, m) for m, u in zip([first, *made[1:]], used, strict=True))


def test_every_input_was_produced_by_an_earlier_step() -> None:
    known = set(by_name(ENSEMBLE.input))
    for step in STEPS:
        assert set(step.input_map.values()) <= known
        known |= set(step.output_map.values())
    assert set(by_name(ENSEMBLE.output)) <= known


def test_every_tensor_is_produced_once_and_used() -> None:
    made = [*by_name(ENSEMBLE.input), *(name for step in STEPS for name in step.output_map.values())]
    assert sorted(made) == sorted({name for name, _, _ in consumers()})


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.model_name)
def test_a_step_maps_all_inputs_and_outputs_of_its_model(step: Any) -> None:
    config = CONFIGS[step.model_name]
    assert set(step.input_map) == set(by_name(config.input))
    assert set(step.output_map) == set(by_name(config.output))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.model_name)
def test_a_step_runs_the_newest_version(step: Any) -> None:
    assert step.model_version == -1


@pytest.mark.parametrize(
    ("name", "model", "used"), consumers(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_tensor_fits_from_its_producer_to_its_consumer(name: str, model: str, used: Any) -> None:
    maker, made = producers()[name]
    assert type_name(made) == type_name(used)
    assert fits(full_dims(CONFIGS[maker], made), full_dims(CONFIGS[model], used))


def test_the_image_is_the_only_input_so_that_a_file_may_be_the_body() -> None:
    (image,) = ENSEMBLE.input
    assert (image.name, type_name(image), list(image.dims)) == ("image", "TYPE_UINT8", [-1])
