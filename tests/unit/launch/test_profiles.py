"""Which profile is taken, and why."""

import pytest

from ocr_launch import machine, profiles
from ocr_launch.errors import StartError
from ocr_launch.profiles import Profile


def usable(_profile: str) -> None:
    """A GPU that any profile can use."""


def unusable(profile: str) -> None:
    """A GPU that no profile can use."""
    raise StartError(f"the profile {profile} needs onnxruntime-gpu")


@pytest.mark.parametrize(
    ("gpu", "check", "name", "reason"),
    [
        (False, unusable, "cpu", "there is no GPU"),
        (True, unusable, "cpu", "there is a GPU, but the profile gpu needs onnxruntime-gpu"),
        (True, usable, "gpu", "there is a GPU"),
    ],
)
def test_auto_takes_the_gpu_where_it_can_be_used(
    gpu: bool, check: object, name: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "has_gpu", lambda: gpu)
    assert profiles.choose("auto", check) == Profile(name, reason)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["gpu", "tensorrt"])
def test_a_profile_that_was_asked_for_is_not_replaced(name: str) -> None:
    with pytest.raises(StartError, match=f"the profile {name} needs"):
        profiles.choose(name, unusable)


@pytest.mark.parametrize("name", ["cpu", "configured"])
def test_a_profile_that_needs_no_gpu_asks_for_none(name: str) -> None:
    assert profiles.choose(name, unusable).name == name


def test_a_profile_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(StartError, match="no profile 'fast'; choose one of auto, cpu, gpu, tensorrt, configured"):
        profiles.choose("fast", usable)


def test_models_for_cpus_do_not_see_a_gpu() -> None:
    """They would take it, and compute int8 products there."""
    assert Profile("cpu", "").environment == {"CUDA_VISIBLE_DEVICES": ""}
    assert Profile("gpu", "").environment == {}
