"""Folders that servers poll: at every moment, what they show is one version or the other."""

import itertools
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from click.testing import CliRunner

from ocr_launch.errors import StartError
from ocr_launch.followed import Followed
from ocr_launch.http_api import ApiError
from ocr_launch.layout import Layout
from ocr_launch.machine import Cores
from ocr_launch.names import ENSEMBLE
from ocr_launch.profiles import Profile
from ocr_launch.publish import main
from ocr_launch.published import Published
from ocr_launch.repository import Repository

LAYOUT = Layout(Profile("cpu", "as asked for"), Cores(2), has_vnni=True)


def export(repository: Repository, version: int) -> None:
    for model in repository.exported:
        shutil.copytree(repository.root / model / "1", repository.root / model / str(version))
        (repository.root / model / str(version) / "made by").write_text(str(version))


@pytest.fixture
def published(repository: Repository, tmp_path: Path) -> Published:
    export(repository, 2)
    published = Published(repository.root, LAYOUT, tmp_path / "published")
    published.add(1, repository.inner)
    published.serve(1)
    return published


def served(folder: Path) -> tuple[set[int], dict[str, list[int]]]:
    """The version that the ensemble is made of, and those that are to be loaded of each model."""
    found = Repository(folder)
    versions = {model: list(found.config(model).version_policy.specific.versions) for model in found.exported}
    return {step.model_version for step in found.config(ENSEMBLE).ensemble_scheduling.step}, versions


def is_sound(folder: Path) -> bool:
    """Whatever a server takes of it now, it can load, and the ensemble finds the version that it is made of."""
    (serving,), versions = served(folder)
    for model, wanted in versions.items():
        if not all((folder / model / str(version)).is_dir() for version in (*wanted, serving)) or serving not in wanted:
            return False
    return True


def test_a_version_is_added_beside_the_one_that_is_served(
    published: Published, repository: Repository, tmp_path: Path
) -> None:
    published.add(2, repository.inner)
    serving, versions = served(tmp_path / "published")
    assert (serving, versions.pop(ENSEMBLE)) == ({1}, [1])
    assert set(map(tuple, versions.values())) == {(1, 2)}
    published.serve(2)
    assert served(tmp_path / "published")[0] == {2}


def test_at_every_rename_the_folder_shows_a_version_as_a_whole(
    published: Published, repository: Repository, tmp_path: Path
) -> None:
    """A server may look at any moment: those before and after each rename are all that differ."""
    folder, sound = tmp_path / "published", []
    rename, replace = Path.rename, Path.replace

    def looked_at(move: Any) -> Any:
        def moved(path: Path, target: Path) -> Path:
            if folder in path.parents:  # a server of other tests may be writing files of its own
                sound.append(is_sound(folder))
            return Path(move(path, target))

        return moved

    with mock.patch.object(Path, "rename", looked_at(rename)), mock.patch.object(Path, "replace", looked_at(replace)):
        published.add(2, repository.inner)
        published.serve(2)
    assert len(sound) == 2 * len(repository.exported)
    assert all([*sound, is_sound(folder)])


def test_what_is_exported_under_a_number_again_changes_nothing(
    published: Published, repository: Repository, tmp_path: Path
) -> None:
    file = repository.root / "text_detection" / "1" / "model.onnx"
    file.write_text("other weights")
    published.add(1, repository.inner)
    assert (tmp_path / "published" / "text_detection" / "1" / "model.onnx").read_text() == ""


def test_a_file_that_would_say_the_same_is_not_written(
    published: Published, repository: Repository, tmp_path: Path
) -> None:
    """Triton loads a model anew whose files are new."""
    files = list((tmp_path / "published").glob("*/config.pbtxt"))
    before = [file.stat().st_ino for file in files]
    published.add(1, repository.inner)
    published.serve(1)
    assert [file.stat().st_ino for file in files] == before


def test_a_version_that_was_not_exported_is_not_begun(published: Published, repository: Repository) -> None:
    with pytest.raises(StartError, match=r"no exported ocr_ensemble \(version 3 is missing\)"):
        published.add(3, repository.inner)


def test_a_folder_that_cannot_be_written_is_named(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"cannot write into .*file/published: Not a directory"):
        Published(repository.root, LAYOUT, tmp_path / "file" / "published").add(1, repository.inner)


class Polling:
    """A server that takes what its folder says at once, and gives versions up only when nothing calls them any more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.held: dict[str, dict[int, str]] = {}
        self.broken: str | None = None
        self.serving: list[int] = []
        self.poll()

    def poll(self) -> None:
        """Take what the folder says."""
        (serving,), versions = served(self._folder)
        assert versions.pop(ENSEMBLE) == [serving]
        assert all(serving in wanted for wanted in versions.values()), "the ensemble lacks a step"
        for model, wanted in versions.items():
            loaded = [version for version in wanted if (model, version) != (self.broken, 2)]
            self.held[model] = dict.fromkeys(loaded, "READY")
        self.serving.append(serving)

    def configs(self, _timeout_s: float) -> dict[str, Any]:
        """As much of them as is looked at."""
        return {ENSEMBLE: {"ensemble_scheduling": {"step": [{"model_version": self.serving[-1]}]}}}

    def index(self, _timeout_s: float) -> dict[str, dict[int, str]]:
        """What is loaded."""
        return self.held


@pytest.fixture
def polling(published: Published, tmp_path: Path) -> Polling:
    del published  # it is written
    return Polling(tmp_path / "published")


def looks(followed: Followed, polling: Polling, count: int = 20) -> list[dict[str, dict[int, str]]]:
    """What the server held after each of so many looks."""
    held = []
    for _ in range(count):
        followed.keep_up(polling, 1)  # type: ignore[arg-type] # as much of the API as it needs
        polling.poll()
        held.append(dict(polling.held))
    return held


def test_a_server_is_led_to_the_newest_version_one_model_at_a_time(
    published: Published, polling: Polling, repository: Repository
) -> None:
    held = looks(Followed(repository, published), polling)
    assert set(map(tuple, held[-1].values())) == {(2,)}
    assert polling.serving[-1] == 2
    counts = [sum(map(len, models.values())) for models in held]
    assert all(abs(after - before) <= 1 for before, after in itertools.pairwise(counts))
    steps, networks = ["image_preprocessing", "text_cropping", "ctc_decoding"], ["text_detection", "text_recognition"]
    for models in held:  # a step calls the networks of its version
        called = set[int]().union(*(models[step] for step in steps))
        assert all(called <= {*models[network]} for network in networks)


def test_a_version_that_is_taken_back_is_left_again(
    published: Published, polling: Polling, repository: Repository, tmp_path: Path
) -> None:
    followed = Followed(repository, published)
    looks(followed, polling)
    (repository.root / ENSEMBLE / "2").rename(tmp_path / "taken back")
    looks(followed, polling)
    assert (polling.serving[-1], set(map(tuple, polling.held.values()))) == (1, {(1,)})


def test_a_version_that_cannot_be_loaded_is_not_served(
    published: Published, polling: Polling, repository: Repository
) -> None:
    polling.broken = "text_recognition"
    looks(Followed(repository, published), polling)
    assert set(polling.serving) == {1}


def test_a_server_that_does_not_tell_is_left_as_it_is(
    published: Published, polling: Polling, repository: Repository
) -> None:
    with mock.patch.object(polling, "index", side_effect=ApiError("busy")):
        assert looks(Followed(repository, published), polling, 1) == [polling.held]
    assert set(map(tuple, polling.held.values())) == {(1,)}


def test_the_command_publishes_the_newest_version_or_another(repository: Repository, tmp_path: Path) -> None:
    export(repository, 2)
    folder = tmp_path / "published"
    for arguments, serving, loaded in (
        (["--version", "1"], 1, [1]),
        ([], 2, [1, 2]),
        (["--version", "1"], 1, [1, 2]),
        (["--version", "1", "--only"], 1, [1]),
    ):
        done = CliRunner().invoke(main, [str(folder), "--model-repository", str(repository.root), *arguments])
        assert (done.exit_code, done.stderr) == (0, f"Version {serving} is published in {folder}.\n")
        assert served(folder)[0] == {serving}
        assert served(folder)[1]["text_recognition"] == loaded


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(tmp_path / "to"), "--model-repository", str(tmp_path)])
    assert done.exit_code == 1
    assert "is not a model repository" in done.stderr
