"""How many instances and threads the models get, and what the launcher says of it."""

from pathlib import Path

import pytest

from ocr_launch import layout, model_config
from ocr_launch.errors import ConfigError, StartError
from ocr_launch.layout import Layout
from ocr_launch.machine import Cores
from ocr_launch.model_config import ModelConfig
from ocr_launch.names import ENSEMBLES
from ocr_launch.profiles import Profile
from ocr_launch.repository import Repository


def laid_out(profile: str, cores: float, *, has_vnni: bool = True) -> Layout:
    return Layout(Profile(profile, "as asked for"), Cores(cores), has_vnni)


def arranged(repository: Repository, chosen: Layout, folder: Path) -> dict[str, ModelConfig]:
    """The configurations that Triton will read."""
    served = Repository(layout.arrange(repository, chosen, folder))
    return {model: served.config(model) for model in served.models}


def _forget_versions(config: ModelConfig) -> None:
    config.ClearField("version_policy")
    model_config.set_step_version(config, -1)


def counts(configs: dict[str, ModelConfig]) -> dict[str, int]:
    return {model: model_config.instance_count(config) for model, config in configs.items() if model not in ENSEMBLES}


@pytest.mark.parametrize(
    ("cores", "detectors", "threads", "recognizers"),
    [(1, 1, 1, 2), (1.5, 1, 2, 2), (2, 1, 2, 2), (4, 1, 4, 4), (6, 2, 3, 6), (8, 2, 4, 8), (64, 16, 4, 16)],
)
def test_all_cores_have_something_to_do(cores: float, detectors: int, threads: int, recognizers: int) -> None:
    chosen = laid_out("cpu", cores)
    assert (chosen.detectors, chosen.detector_threads, chosen.recognizers) == (detectors, threads, recognizers)


def test_the_configurations_of_eight_cores_differ_in_numbers_only(repository: Repository, tmp_path: Path) -> None:
    configs = arranged(repository, laid_out("cpu", 8), tmp_path / "served")
    steps = dict.fromkeys(repository.python_steps, 4) | {"pixel_packing": 1}
    assert counts(configs) == {**steps, "ctc_decoding": 16, "text_detection": 2, "text_recognition": 8}
    assert model_config.parameter(configs["text_detection"], "intra_op_thread_count") == "4"
    assert model_config.parameter(configs["text_recognition"], "intra_op_thread_count") == "1"
    assert model_config.parameter(configs["ctc_decoding"], "calls_under_way") == "8"
    for model, ours in configs.items():
        theirs = repository.config(model)
        for config in (ours, theirs):
            _forget_versions(config)
            config.ClearField("instance_group")
            for key in ("intra_op_thread_count", "calls_under_way", "max_pages"):
                config.parameters.pop(key, None)
            if model in repository.entrances:
                config.dynamic_batching.default_queue_policy.ClearField("max_queue_size")
        assert ours == theirs


@pytest.mark.parametrize(("profile", "calls"), [("cpu", "grouped"), ("gpu", "fixed"), ("tensorrt", "small")])
def test_calls_fill_the_shapes_of_a_gpu(repository: Repository, tmp_path: Path, profile: str, calls: str) -> None:
    configs = arranged(repository, laid_out(profile, 2), tmp_path / "served")
    assert model_config.parameter(configs["ctc_decoding"], "calls") == calls


@pytest.mark.parametrize(
    ("profile", "cores", "pages", "waiting"),
    [("cpu", 1, 8, 16), ("cpu", 2, 8, 16), ("cpu", 16, 32, 64), ("gpu", 2, 64, 128), ("tensorrt", 64, 64, 128)],
)
def test_the_pages_that_are_let_in_are_counted_and_few_requests_wait_before_them(
    repository: Repository, tmp_path: Path, profile: str, cores: int, pages: int, waiting: int
) -> None:
    configs = arranged(repository, laid_out(profile, cores), tmp_path / "served")
    assert model_config.parameter(configs["image_preprocessing"], "max_pages") == str(pages)
    for entrance in ("image_preprocessing", "pixel_packing"):
        assert configs[entrance].dynamic_batching.default_queue_policy.max_queue_size == waiting


@pytest.mark.parametrize("cores", [1, 2, 16, 64])
def test_on_cpus_every_page_that_is_let_in_has_its_own_process_of_the_last_step(cores: int) -> None:
    chosen = laid_out("cpu", cores)
    assert chosen.decoders == chosen.pages


@pytest.mark.parametrize("profile", ["gpu", "tensorrt"])
def test_beside_a_gpu_the_python_steps_follow_the_cores(profile: str, repository: Repository, tmp_path: Path) -> None:
    configs = arranged(repository, laid_out(profile, 32), tmp_path / "served")
    steps = dict.fromkeys(repository.python_steps, 16) | {"pixel_packing": 1}
    assert {model: counts(configs)[model] for model in repository.python_steps} == {**steps, "ctc_decoding": 32}
    assert model_config.parameter(configs["ctc_decoding"], "calls_under_way") == "8"
    for model in repository.onnx_models:
        _forget_versions(configs[model])
        configs[model].ClearField("model_warmup")
        assert configs[model] == repository.config(model, profile)


@pytest.mark.parametrize("model", ["text_detection", "text_recognition"])
def test_without_vnni_the_float32_graph_is_served(model: str, repository: Repository, tmp_path: Path) -> None:
    """There, products of uint8 and int8 saturate, and lines are read otherwise."""
    for has_vnni, graph in ((True, "model.cpu.onnx"), (False, "model.onnx")):
        configs = arranged(repository, laid_out("cpu", 2, has_vnni=has_vnni), tmp_path / f"served-{has_vnni}")
        assert configs[model].default_model_filename == graph


def test_the_models_are_linked_with_all_that_is_beside_them(repository: Repository, tmp_path: Path) -> None:
    (repository.root / "text_recognition" / "2").mkdir()
    (repository.root / "text_recognition" / "2" / "model.cpu.onnx").touch()
    served = layout.arrange(repository, laid_out("cpu", 2), tmp_path / "served")
    assert sorted(path.name for path in (served / "text_recognition").iterdir()) == [
        "1",
        "2",
        "config.pbtxt",
        "configs",
    ]
    assert (served / "text_recognition" / "2" / "model.cpu.onnx").samefile(
        repository.root / "text_recognition" / "2" / "model.cpu.onnx"
    )


def test_configured_leaves_the_files_alone(repository: Repository, tmp_path: Path) -> None:
    assert layout.arrange(repository, laid_out("configured", 8), tmp_path / "served") == repository.root
    assert not (tmp_path / "served").exists()


def test_a_further_change_comes_last(repository: Repository, tmp_path: Path) -> None:
    def change(model: str, config: ModelConfig) -> None:
        if model == "text_recognition":
            model_config.set_instance_count(config, 7)

    for profile in ("cpu", "configured"):
        served = layout.arrange(repository, laid_out(profile, 2), tmp_path / profile, change)
        assert model_config.instance_count(Repository(served).config("text_recognition")) == 7


def test_a_users_comments_and_formatting_do_not_matter(repository: Repository, tmp_path: Path) -> None:
    file = repository.root / "text_recognition" / "config.pbtxt"
    rewritten = model_config.to_text(repository.config("text_recognition"))
    file.write_text(f"# mine\n{rewritten}".replace("instance_group {", "instance_group\n{ # how many"))
    assert counts(arranged(repository, laid_out("cpu", 8), tmp_path / "served"))["text_recognition"] == 8


@pytest.mark.parametrize(
    ("model", "field", "missing"),
    [
        ("text_recognition", "instance_group", "one instance_group and has 0"),
        ("text_cropping", "instance_group", "one instance_group and has 0"),
        ("text_detection", "parameters", "parameters 'intra_op_thread_count' and has none"),
        ("image_preprocessing", "parameters", "parameters 'max_pages' and has none"),
        (
            "image_preprocessing",
            "dynamic_batching",
            "dynamic_batching.default_queue_policy.max_queue_size and has none",
        ),
    ],
)
def test_a_field_that_is_to_be_changed_and_is_missing_is_an_error(
    repository: Repository, tmp_path: Path, model: str, field: str, missing: str
) -> None:
    config = repository.config(model)
    config.ClearField(field)
    (repository.root / model / "config.pbtxt").write_text(model_config.to_text(config))
    with pytest.raises(ConfigError, match=rf"the configuration of {model} must have {missing}.*profile configured"):
        layout.arrange(repository, laid_out("cpu", 2), tmp_path / "served")


@pytest.mark.parametrize(
    ("profile", "graph"), [("cpu", "model.cpu.onnx"), ("gpu", "model.cuda.onnx"), ("configured", "model.cpu.onnx")]
)
def test_the_graph_that_a_profile_loads_is_the_one_that_must_be_there(
    repository: Repository, tmp_path: Path, profile: str, graph: str
) -> None:
    (repository.root / "text_recognition" / "1" / graph).unlink()
    with pytest.raises(StartError, match=rf"no exported text_recognition \({graph} is missing in version 1\)"):
        layout.arrange(repository, laid_out(profile, 2), tmp_path / "served")


def test_a_folder_that_cannot_be_written_is_told(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"cannot write configurations .* \(Not a directory\)"):
        layout.arrange(repository, laid_out("cpu", 2), tmp_path / "file" / "served")


def test_what_was_chosen_and_why_is_told() -> None:
    no_gpu = Profile("cpu", "there is no GPU")
    assert str(Layout(no_gpu, Cores(8), has_vnni=True)) == (
        "Profile cpu: there is no GPU. On 8 cores: 2 detectors of 4 threads, 8 recognizers of 1 thread, "
        "4 processes of each Python step, 16 of the last; int8 graphs. "
        "At most 16 pages at once, 32 waiting; more are refused."
    )
    quota = Layout(no_gpu, Cores(1.5, has_quota=True), has_vnni=False)
    assert "On 1.5 cores (the quota of this container): 1 detector of 2 threads, 2 recognizers" in str(quota)
    assert "; float32 graphs, as this processor has no VNNI for int8. At most 8 pages at once," in str(quota)
    assert str(laid_out("gpu", 16)) == (
        "Profile gpu: as asked for. On 16 cores: 8 processes of each Python step, 16 of the last. "
        "At most 64 pages at once, 128 waiting; more are refused."
    )
    assert str(laid_out("configured", 16)) == (
        "Profile configured: as asked for. Instances and threads are those of the configurations in the repository."
    )
