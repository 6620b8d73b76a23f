"""The folder that Triton serves: which versions its files ask for, and which exports are to be had."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ocr_launch import layout, model_config
from ocr_launch.layout import Layout
from ocr_launch.machine import Cores
from ocr_launch.names import ENSEMBLE
from ocr_launch.profiles import Profile
from ocr_launch.repository import Repository
from ocr_launch.served import Served

LAYOUT = Layout(Profile("cpu", "as asked for"), Cores(2), has_vnni=True)


@pytest.fixture
def folder(repository: Repository, tmp_path: Path) -> Path:
    return layout.arrange(repository, LAYOUT, tmp_path / "served")


@pytest.fixture
def served(repository: Repository, folder: Path) -> Served:
    return Served(repository, folder)


def export(repository: Repository, version: int, models: Sequence[str]) -> None:
    for model in models:
        (repository.root / model / str(version)).mkdir()
        (repository.root / model / str(version) / "file").touch()


def asked_for(folder: Path) -> tuple[dict[str, list[int]], set[int]]:
    """The versions of each model that are loaded, and those of the ensemble's steps."""
    served = Repository(folder)
    versions = {model: list(served.config(model).version_policy.specific.versions) for model in served.exported}
    return versions, {step.model_version for step in served.config(ENSEMBLE).ensemble_scheduling.step}


def told(folder: Path, serving: int, loaded: Sequence[int]) -> dict[str, dict[str, Any]]:
    """What a server says that has these versions loaded."""
    configs: dict[str, dict[str, Any]] = {
        model: {"version_policy": {"specific": {"versions": list(loaded)}}} for model in Repository(folder).exported
    }
    steps = [{"model_name": step, "model_version": serving} for step in Repository(folder).steps]
    configs[ENSEMBLE] = {
        "version_policy": {"specific": {"versions": [serving]}},
        "ensemble_scheduling": {"step": steps},
    }
    return configs


def test_all_models_and_all_steps_are_of_one_version(repository: Repository, tmp_path: Path) -> None:
    export(repository, 2, repository.exported)
    chosen = Repository(repository.root, 1)
    assert asked_for(layout.arrange(chosen, LAYOUT, tmp_path / "one")) == (
        {model: [1] for model in chosen.exported},
        {1},
    )


def test_what_an_operator_has_loaded_is_loaded_the_next_time(served: Served, folder: Path) -> None:
    served.note(told(folder, serving=2, loaded=[1, 2]))
    served.write()
    versions, steps = asked_for(folder)
    assert versions == {model: [2] if model == ENSEMBLE else [1, 2] for model in versions}
    assert steps == {2}


def test_versions_that_were_switched_while_they_were_noted_are_not_written(served: Served, folder: Path) -> None:
    served.note(told(folder, serving=1, loaded=[1, 2]))
    served.note({**told(folder, serving=1, loaded=[1, 2]), "ctc_decoding": told(folder, 2, [2])["ctc_decoding"]})
    served.write()
    versions, _ = asked_for(folder)
    assert versions["ctc_decoding"] == [1, 2]


def test_a_server_with_models_of_its_operators_own_is_written_down_as_far_as_there_are_files(
    served: Served, folder: Path
) -> None:
    told_more = told(folder, serving=1, loaded=[1])
    told_more["deskewing"] = {"version_policy": {"latest": {"num_versions": 1}}}
    told_more["text_cropping"] = {"version_policy": {"all": {}}, "max_batch_size": 7}
    served.note(told_more)
    served.write()
    config = Repository(folder).config("text_cropping")
    assert (config.version_policy.WhichOneof("policy_choice"), config.max_batch_size) == ("all", 0)
    assert not (folder / "deskewing").exists()


def test_nothing_is_written_where_nothing_was_noted(served: Served, folder: Path) -> None:
    before = asked_for(folder)
    served.write()
    assert asked_for(folder) == before


def test_a_new_export_is_to_be_had_once_it_is_whole(served: Served, folder: Path, repository: Repository) -> None:
    *most, last = repository.exported
    export(repository, 2, most)
    served.link()
    assert not (folder / most[0] / "2").exists()
    export(repository, 2, [last])
    served.link()
    assert all((folder / model / "2" / "file").exists() for model in repository.exported)


def test_a_version_is_never_there_in_part(
    served: Served, folder: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Triton would load it, and take it for changed when the rest comes."""
    export(repository, 2, repository.exported)
    linked: list[Path] = []
    monkeypatch.setattr(Path, "symlink_to", lambda path, _: linked.append(path))
    served.link()
    assert len(linked) == len(repository.exported)
    assert not any(path.is_relative_to(folder) for path in linked)


def test_python_leaves_nothing_beside_the_steps(folder: Path) -> None:
    """Triton would take a model for changed, and read its file again."""
    with pytest.raises(OSError, match="__pycache__"):
        (folder / "ctc_decoding" / "1" / "__pycache__" / "model.pyc").touch()


def test_a_file_that_is_written_anew_keeps_what_else_it_says(served: Served, folder: Path) -> None:
    file = folder / "ctc_decoding" / model_config.FILE_NAME
    before = model_config.read(file)
    served.note(told(folder, serving=1, loaded=[1, 3]))
    served.write()
    after = model_config.read(file)
    for config in (before, after):
        config.ClearField("version_policy")
    assert before == after
