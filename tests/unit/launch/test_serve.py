"""What `ocr-serve` makes of its environment: a command, or one sentence."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ocr_launch import machine, model_config, run_state, serve
from ocr_launch.errors import StartError
from ocr_launch.machine import Cores
from ocr_launch.repository import Repository


@pytest.fixture(autouse=True)
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four cores, no GPU, enough shared memory, and a /tmp of its own."""
    monkeypatch.setattr(machine, "find_cores", lambda: Cores(4))
    monkeypatch.setattr(machine, "has_gpu", lambda: False)
    monkeypatch.setattr(machine, "has_vnni", lambda: True)
    monkeypatch.setattr(machine, "shared_memory_shortage", lambda: None)
    monkeypatch.setattr(run_state, "TEMPORARY", str(tmp_path))


def served(command: Sequence[str]) -> str:
    (flag,) = (flag for flag in command if flag.startswith("--model-repository="))
    return flag.partition("=")[2]


def test_the_models_fit_the_machine(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    plan = serve.prepare({"OCR_MODEL_REPOSITORY": str(repository.root)}, ["--log-verbose=1"])
    command = plan.command
    recognition = Repository(Path(served(command))).config("text_recognition")
    assert model_config.instance_count(recognition) == 4
    assert (command[0], command[-1]) == ("tritonserver", "--log-verbose=1")
    assert plan.environment == {"OCR_MODEL_REPOSITORY": str(repository.root), "CUDA_VISIBLE_DEVICES": ""}
    assert {"--load-model=ocr_ensemble", "--load-model=text_recognition"} <= set(command)
    said = capsys.readouterr().err
    assert said.startswith("ocr-serve: Profile cpu: there is no GPU. On 4 cores: 1 detector of 4 threads")


def test_a_second_start_writes_the_configurations_anew(repository: Repository) -> None:
    for _ in range(2):
        command = serve.prepare({"OCR_MODEL_REPOSITORY": str(repository.root)}, []).command
    assert (Path(served(command)) / "ocr_ensemble" / "config.pbtxt").exists()


def test_configured_serves_the_files_as_they_are(repository: Repository) -> None:
    environment = {"OCR_MODEL_REPOSITORY": str(repository.root), "OCR_PROFILE": "configured"}
    plan = serve.prepare(environment, [])
    assert (served(plan.command), plan.environment) == (str(repository.root), environment)


def test_models_at_an_address_keep_their_configurations(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = serve.prepare({"OCR_MODEL_REPOSITORY": "s3://bucket/models"}, []).command
    assert (served(command), "--load-model=*" in command) == ("s3://bucket/models", True)
    assert not any(flag.startswith("--model-config-name") for flag in command)
    assert "configured as they are" in capsys.readouterr().err

    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    command = serve.prepare({"OCR_MODEL_REPOSITORY": "s3://bucket/models"}, []).command
    assert "--model-config-name=gpu" in command


@pytest.mark.parametrize(
    "flags", [["--http-port=9000", "--http-address=::1"], ["--http-port", "9000", "--http-address", "::1"]]
)
def test_the_supervisor_asks_where_the_server_listens(repository: Repository, flags: list[str]) -> None:
    api = serve.prepare({"OCR_MODEL_REPOSITORY": str(repository.root), "OCR_ADMIN_KEY": "key"}, flags).api
    assert (api.host, api.port, api.key) == ("::1", 9000, "key")


@pytest.mark.parametrize(
    ("flags", "host", "port", "left"),
    [
        (["--log-verbose=1"], "0.0.0.0", 8002, ["--log-verbose=1"]),  # noqa: S104 - what it must be
        (["--http-address=::1", "--metrics-port", "9002"], "::1", 9002, ["--http-address=::1"]),
        (["--metrics-address=127.0.0.1", "--allow-metrics=true"], "127.0.0.1", 8002, []),
    ],
)
def test_the_supervisor_answers_for_metrics_in_the_servers_place(
    repository: Repository, flags: list[str], host: str, port: int, left: list[str]
) -> None:
    plan = serve.prepare({"OCR_MODEL_REPOSITORY": str(repository.root)}, flags)
    assert plan.metrics
    assert (plan.metrics.host, plan.metrics.port) == (host, port)
    own = [f"--metrics-port={plan.metrics.own_port}", "--metrics-address=127.0.0.1"]
    assert list(plan.command[-len(own) - len(left) :]) == own + left
    assert plan.metrics.own_port != port


def test_nobody_answers_for_metrics_that_are_not_wanted(repository: Repository) -> None:
    plan = serve.prepare({"OCR_MODEL_REPOSITORY": str(repository.root)}, ["--allow-metrics=False"])
    assert (plan.metrics, plan.command[-1]) == (None, "--allow-metrics=False")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"OCR_PROFILE": "fast"}, r"OCR_PROFILE is 'fast'; it must be one of auto, cpu, gpu, tensorrt, configured"),
        ({"OCR_PROFILE": "gpu"}, r"OCR_PROFILE=gpu needs a GPU and this container has none: run it with --gpus all"),
        ({"OCR_ADMIN_KEY": "a=b"}, r"OCR_ADMIN_KEY may have letters, digits, '.', '_' and '-' only"),
        ({"OCR_MODEL_REPOSITORY": "no-such-folder"}, r"no-such-folder is not a model repository"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(StartError, match=sentence):
        serve.prepare(environment, [])


def test_engines_need_a_folder_that_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    monkeypatch.setattr(serve, "ENGINES", Path("no-such-folder"))
    with pytest.raises(StartError, match="keeps its engines in no-such-folder, which is read-only here"):
        serve.prepare({"OCR_PROFILE": "tensorrt"}, [])


def test_nobody_knows_the_key_that_was_not_given(repository: Repository) -> None:
    environment = {"OCR_MODEL_REPOSITORY": str(repository.root)}
    keys = {
        flag.rpartition("=")[2]
        for _ in range(2)
        for flag in serve.prepare(environment, []).command
        if "restricted" in flag
    }
    assert len(keys) == 2
    assert all(len(key) == 48 for key in keys)


@pytest.mark.parametrize(
    ("told", "asked", "flags"),
    [
        ("--allow-client-shm <boolean>", "1", ["--allow-client-shm=true"]),
        ("--allow-client-shm <boolean>", "", []),
        ("--allow-http <boolean>", "1", []),
    ],
    ids=["a version that knows it", "nobody asks for it", "a version that does not know it"],
)
def test_clients_get_shared_memory_where_it_is_asked_for(
    repository: Repository, tmp_path: Path, told: str, asked: str, flags: list[str]
) -> None:
    program = tmp_path / "bin" / "tritonserver"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho ' {told}'\n")
    program.chmod(0o755)
    environment = {"OCR_MODEL_REPOSITORY": str(repository.root), "PATH": str(program.parent), "OCR_CLIENT_SHM": asked}
    command = serve.prepare(environment, []).command
    assert [flag for flag in command if "client-shm" in flag] == flags
