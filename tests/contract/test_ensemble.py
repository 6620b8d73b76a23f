"""The graph of each ensemble is closed, and every tensor fits from its producer to its consumers."""

from typing import Any

import pytest

from tests.contract.configs import CONFIGS, ENSEMBLE, ENSEMBLES, by_name, full_dims, type_name

STEPS = [step for ensemble in ENSEMBLES for step in ensemble.ensemble_scheduling.step]

each_ensemble = pytest.mark.parametrize("ensemble", ENSEMBLES, ids=lambda ensemble: ensemble.name)
each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.model_name)


def producers(ensemble: Any) -> dict[str, tuple[str, Any]]:
    """Tensor of an ensemble → the model that makes it, and how that model declares it; its inputs come from outside."""
    made = {tensor.name: (ensemble.name, tensor) for tensor in ensemble.input}
    for step in ensemble.ensemble_scheduling.step:
        outputs = by_name(CONFIGS[step.model_name].output)
        made |= {ours: (step.model_name, outputs[theirs]) for theirs, ours in step.output_map.items()}
    return made


def consumers(ensemble: Any) -> list[tuple[str, str, Any]]:
    """Every use of a tensor: its name in the ensemble, the model that takes it, and how that model declares it."""
    used = [(tensor.name, ensemble.name, tensor) for tensor in ensemble.output]
    for step in ensemble.ensemble_scheduling.step:
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


@each_ensemble
def test_every_input_was_produced_by_an_earlier_step(ensemble: Any) -> None:
    known = set(by_name(ensemble.input))
    for step in ensemble.ensemble_scheduling.step:
        assert set(step.input_map.values()) <= known
        known |= set(step.output_map.values())
    assert set(by_name(ensemble.output)) <= known


@each_ensemble
def test_every_tensor_is_produced_once_and_used(ensemble: Any) -> None:
    steps = ensemble.ensemble_scheduling.step
    made = [*by_name(ensemble.input), *(name for step in steps for name in step.output_map.values())]
    assert sorted(made) == sorted({name for name, _, _ in consumers(ensemble)})


@each_step
def test_a_step_maps_all_inputs_and_outputs_of_its_model(step: Any) -> None:
    """But for the ensemble itself as a step: of its outputs, those that the other contract has."""
    config = CONFIGS[step.model_name]
    assert set(step.input_map) == set(by_name(config.input))
    outputs = set(by_name(config.output))
    assert set(step.output_map) <= outputs if config in ENSEMBLES else set(step.output_map) == outputs


@each_step
def test_a_step_runs_the_newest_version(step: Any) -> None:
    assert step.model_version == -1


@pytest.mark.parametrize(
    ("ensemble", "name", "model", "used"),
    [(ensemble, *use) for ensemble in ENSEMBLES for use in consumers(ensemble)],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_tensor_fits_from_its_producer_to_its_consumer(ensemble: Any, name: str, model: str, used: Any) -> None:
    maker, made = producers(ensemble)[name]
    assert type_name(made) == type_name(used)
    assert fits(full_dims(CONFIGS[maker], made), full_dims(CONFIGS[model], used))


def test_the_image_is_the_only_input_so_that_a_file_may_be_the_body() -> None:
    (image,) = ENSEMBLE.input
    assert (image.name, type_name(image), list(image.dims)) == ("image", "TYPE_UINT8", [-1])


def test_the_contract_of_docling_is_the_one_that_its_client_has() -> None:
    """Names, types and shapes as `docling/models/stages/ocr/kserve_v2_ocr_model.py` sends and takes them (2.143)."""
    ocr = CONFIGS["ocr"]
    declared = {tensor.name: (type_name(tensor), full_dims(ocr, tensor)) for tensor in [*ocr.input, *ocr.output]}
    assert declared == {
        "image": ("TYPE_UINT8", [1, -1, -1, 3]),
        "lang_type": ("TYPE_STRING", [1, 1]),
        "boxes": ("TYPE_FP32", [-1, 4, 2]),
        "txts": ("TYPE_STRING", [-1]),
        "scores": ("TYPE_FP32", [-1]),
    }
