"""How many instances and threads the models get, and what the launcher says of it."""

from pathlib import Path

import pytest
from google.protobuf import text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2

from server import layout, requirements
from server.errors import StartError
from server.layout import Layout
from tests.project import MODEL_REPOSITORY


def read(folder: Path, model: str) -> model_config_pb2.ModelConfig:
    return text_format.Parse((folder / model / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())


@pytest.mark.parametrize(
    ("cores", "detectors", "threads", "recognizers"),
    [(1, 1, 1, 2), (2, 1, 2, 2), (4, 1, 4, 4), (6, 2, 3, 6), (8, 2, 4, 8), (64, 16, 4, 16)],
)
def test_all_cores_have_something_to_do(cores: int, detectors: int, threads: int, recognizers: int) -> None:
    chosen = Layout("cpu", cores, "")
    assert (chosen.detectors, chosen.detector_threads, chosen.recognizers) == (detectors, threads, recognizers)


def test_the_configurations_of_eight_cores_differ_in_numbers_only(tmp_path: Path) -> None:
    arranged = layout.arrange(MODEL_REPOSITORY, Layout("cpu", 8, ""), tmp_path / "models")
    detection, recognition, decoding = (
        read(arranged, name) for name in ("text_detection", "text_recognition", "ctc_decoding")
    )
    assert (detection.instance_group[0].count, recognition.instance_group[0].count) == (2, 8)
    assert detection.parameters["intra_op_thread_count"].string_value == "4"
    assert recognition.parameters["intra_op_thread_count"].string_value == "1"
    assert decoding.parameters["calls_under_way"].string_value == "8"
    for model in ("ocr_ensemble", "image_preprocessing", "text_cropping"):
        ours, theirs = read(MODEL_REPOSITORY, model), read(arranged, model)
        for config in (ours, theirs):
            del config.instance_group[:]
        assert ours == theirs
    assert (arranged / "text_recognition" / "1" / "model.cpu.onnx").is_file()


@pytest.mark.parametrize("chosen", [Layout("cpu", 2, ""), Layout("gpu", 16, ""), Layout("configured", 8, "")], ids=str)
def test_the_repository_is_served_as_it_is_where_it_fits(
    chosen: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert layout.arrange(MODEL_REPOSITORY, chosen, tmp_path / "models") == MODEL_REPOSITORY
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000\n", 6), ("150000 100000\n", 2), ("50000 100000\n", 1), ("9900000 100000\n", 6)]
)
def test_a_containers_quota_bounds_the_cores(
    quota: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(6)))
    (tmp_path / "cpu.max").write_text(quota)
    assert layout.count_cores(tmp_path / "cpu.max") == cores
    assert layout.count_cores(tmp_path / "missing") == 6


def test_instructions_for_bytes_are_whole_words(tmp_path: Path) -> None:
    cpu_info = tmp_path / "cpuinfo"
    for flags, found in (("flags : fpu avx2 avx512_vnni", True), ("flags : fpu avx2 avx_vnni_int8", False)):
        cpu_info.write_text(flags)
        assert layout.multiplies_bytes(cpu_info) == found


@pytest.mark.parametrize(
    ("gpu", "usable", "profile", "reason"),
    [
        (False, False, "cpu", "there is no GPU"),
        (True, False, "cpu", "install onnxruntime-gpu"),
        (True, True, "gpu", "ONNX Runtime can use it"),
    ],
)
def test_auto_takes_the_gpu_where_it_can_be_used(
    gpu: bool, usable: bool, profile: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_gpu(_profile: str) -> None:
        if not usable:
            raise StartError("no")

    monkeypatch.setattr(requirements, "has_gpu", lambda: gpu)
    monkeypatch.setattr(requirements, "check_gpu", check_gpu)
    chosen = layout.choose("auto")
    assert (chosen.profile, reason in str(chosen)) == (profile, True)


def test_a_profile_that_was_asked_for_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "GPU_DEVICES", ())
    with pytest.raises(StartError, match="needs a GPU"):
        layout.choose("gpu")
    assert layout.choose("cpu").profile == "cpu"
    assert layout.choose("configured").profile == "configured"


def test_what_was_chosen_and_why_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "multiplies_bytes", lambda: True)
    assert str(Layout("cpu", 8, "there is no GPU")) == (
        "Profile cpu: there is no GPU. On 8 cores: 2 detectors of 4 threads, 8 recognizers of 1 thread."
    )
    monkeypatch.setattr(layout, "multiplies_bytes", lambda: False)
    assert "no VNNI" in str(Layout("cpu", 8, ""))
