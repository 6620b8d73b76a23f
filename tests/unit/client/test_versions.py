"""Which versions a server has loaded, and the configurations that load and switch them."""

from typing import Any

import pytest

from ocr_client.versions import (
    LoadedVersion,
    holding,
    inner_models,
    loaded_versions,
    serving_version,
    with_steps_of,
    with_versions,
)

PINNED_MEMORY = {"input_pinned_memory": {"enable": True}, "output_pinned_memory": {"enable": True}}


def ensemble(*versions: int) -> dict[str, Any]:
    steps = zip(("decoding", "detection", "reading"), versions, strict=True)
    return {"ensemble_scheduling": {"step": [{"model_name": name, "model_version": v} for name, v in steps]}}


CONFIGS: dict[str, dict[str, Any]] = {
    "ocr_ensemble": ensemble(2, 2, 2),
    "decoding": {"backend": "python"},
    "detection": {"backend": "onnxruntime"},
    "reading": {"backend": "python", "parameters": {"recognizer": {"string_value": "recognition"}}},
    "recognition": {"backend": "onnxruntime"},
}


def entry(name: str, version: int, state: str = "READY", reason: str = "") -> dict[str, Any]:
    return {"name": name, "version": str(version), "state": state, "reason": reason}


def test_a_version_is_served_that_the_ensemble_names() -> None:
    index = [
        entry("decoding", 1),
        entry("detection", 1, "UNLOADING"),
        entry("reading", 1, "UNAVAILABLE", "unloaded"),
        entry("decoding", 2),
        entry("ocr_ensemble", 2),
        {"name": "another"},
        entry("another", 7),
    ]
    assert loaded_versions(index, CONFIGS) == (
        LoadedVersion(version=1, serving=False, states={"decoding": "READY", "detection": "UNLOADING"}),
        LoadedVersion(version=2, serving=True, states={"decoding": "READY", "ocr_ensemble": "READY"}),
    )


def test_grpc_says_versions_as_text() -> None:
    config = ensemble(2, 2, 2)
    for step in config["ensemble_scheduling"]["step"]:
        step["model_version"] = str(step["model_version"])
    assert serving_version(config) == 2


def test_an_ensemble_of_several_versions_is_reported() -> None:
    with pytest.raises(ValueError, match=r"the steps of ocr_ensemble are of the versions \[1, 2\]"):
        serving_version(ensemble(1, 2, 1))


def test_versions_that_are_on_their_way_out_count_as_held() -> None:
    index = [entry("reading", 1, "UNLOADING"), entry("reading", 2), entry("reading", 3, "UNAVAILABLE", "unloaded")]
    assert holding(index, "reading") == {1, 2}
    assert holding(index, "reading", ["READY"]) == {2}


def test_models_come_before_those_that_call_them() -> None:
    assert inner_models(CONFIGS) == ["detection", "recognition", "decoding", "reading"]


def test_a_configuration_keeps_what_it_says_but_for_the_versions_and_what_triton_adds() -> None:
    config = {"backend": "python", "runtime": "model.py", "optimization": PINNED_MEMORY, "max_batch_size": 4}
    assert with_versions(config, {2, 1}) == {
        "backend": "python",
        "max_batch_size": 4,
        "version_policy": {"specific": {"versions": [1, 2]}},
    }
    asked = {"optimization": {**PINNED_MEMORY, "execution_accelerators": {}}}
    assert with_versions(asked, [1])["optimization"] == asked["optimization"]


def test_an_ensemble_is_switched_as_a_whole() -> None:
    before = ensemble(1, 1, 1)
    after = with_steps_of(before, 2)
    assert serving_version(after) == 2
    assert after["version_policy"] == {"specific": {"versions": [2]}}
    assert serving_version(before) == 1
