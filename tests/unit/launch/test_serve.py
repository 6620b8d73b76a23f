"""What `ocr-serve` makes of its environment: a command, or one sentence."""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from ocr_launch import machine, model_config, run_state, serve
from ocr_launch.errors import StartError
from ocr_launch.followed import Followed
from ocr_launch.machine import Cores
from ocr_launch.repository import Repository
from ocr_launch.tritonserver import Plan

FREE_PORTS = ("--http-port=0", "--grpc-port=0", "--metrics-port=0")


@pytest.fixture(autouse=True)
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four cores, no GPU, enough shared memory, and a /tmp of its own."""
    monkeypatch.setattr(machine, "find_cores", lambda: Cores(4))
    monkeypatch.setattr(machine, "has_gpu", lambda: False)
    monkeypatch.setattr(machine, "has_vnni", lambda: True)
    monkeypatch.setattr(machine, "shared_memory_shortage", lambda: None)
    monkeypatch.setattr(run_state, "TEMPORARY", str(tmp_path))


def prepare(environment: Mapping[str, str], flags: Sequence[str] = ()) -> Plan:
    """The plan, on free ports unless the flags name others; its sockets are closed."""
    with ExitStack() as sockets:
        return serve.prepare(environment, [*FREE_PORTS, *flags], sockets)


def own_port(plan: Plan, name: str) -> int:
    """Triton's own."""
    (flag,) = (flag for flag in plan.command if flag.startswith(f"--{name}-port="))
    return int(flag.partition("=")[2])


def served(command: Sequence[str]) -> str:
    (flag,) = (flag for flag in command if flag.startswith("--model-repository="))
    return flag.partition("=")[2]


def test_the_models_fit_the_machine(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    plan = prepare({"OCR_MODEL_REPOSITORY": str(repository.root)}, ["--log-verbose=1"])
    command = plan.command
    recognition = Repository(Path(served(command))).config("text_recognition")
    assert model_config.instance_count(recognition) == 4
    assert (command[0], command[-1]) == ("tritonserver", "--log-verbose=1")
    assert plan.environment == {"OCR_MODEL_REPOSITORY": str(repository.root), "CUDA_VISIBLE_DEVICES": ""}
    assert {"--load-model=ocr_ensemble", "--load-model=text_recognition"} <= set(command)
    said = capsys.readouterr().err
    assert said.startswith("ocr-serve: Profile cpu: there is no GPU. On 4 cores: 1 detector of 4 threads")


def test_the_version_is_served_that_was_asked_for(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    for model in repository.models:
        shutil.copytree(repository.root / model / "1", repository.root / model / "2")
    for environment, version in (({}, 2), ({"OCR_VERSION": "1"}, 1)):
        plan = prepare({"OCR_MODEL_REPOSITORY": str(repository.root), **environment})
        config = Repository(Path(served(plan.command))).config("ocr_ensemble")
        assert {step.model_version for step in config.ensemble_scheduling.step} == {version}
        assert plan.kept
        assert f"version {version}." in capsys.readouterr().err


@pytest.mark.parametrize("asked", ["0", "two", "-1", "1.0"])
def test_a_version_that_is_no_number_is_refused(repository: Repository, asked: str) -> None:
    with pytest.raises(StartError, match=rf"OCR_VERSION is '{asked}'; it must be the number of a version, such as 2"):
        prepare({"OCR_MODEL_REPOSITORY": str(repository.root), "OCR_VERSION": asked})


def test_a_second_start_writes_the_configurations_anew(repository: Repository) -> None:
    for _ in range(2):
        command = prepare({"OCR_MODEL_REPOSITORY": str(repository.root)}).command
    assert (Path(served(command)) / "ocr_ensemble" / "config.pbtxt").exists()


def test_configured_serves_the_files_as_they_are(repository: Repository) -> None:
    environment = {"OCR_MODEL_REPOSITORY": str(repository.root), "OCR_PROFILE": "configured"}
    plan = prepare(environment)
    assert (served(plan.command), plan.environment) == (str(repository.root), environment)


def test_models_at_an_address_keep_their_configurations(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = prepare({"OCR_MODEL_REPOSITORY": "s3://bucket/models"}).command
    assert (served(command), "--load-model=*" in command) == ("s3://bucket/models", True)
    assert not any(flag.startswith("--model-config-name") for flag in command)
    assert "configured as they are" in capsys.readouterr().err

    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    command = prepare({"OCR_MODEL_REPOSITORY": "s3://bucket/models"}).command
    assert "--model-config-name=gpu" in command


def test_without_control_all_models_are_loaded_and_none_is_loaded_anew(repository: Repository) -> None:
    plan = prepare({"OCR_MODEL_REPOSITORY": str(repository.root), "OCR_MODEL_CONTROL": "none"})
    assert "--model-control-mode=none" in plan.command
    assert not any(flag.startswith("--load-model") for flag in plan.command)
    assert (plan.kept, plan.can_reload) == (None, False)


@pytest.mark.parametrize(("version", "kind"), [({}, Followed), ({"OCR_VERSION": "1"}, type(None))])
def test_a_folder_that_is_polled_follows_the_exports_unless_a_version_was_asked_for(
    repository: Repository, version: Mapping[str, str], kind: type
) -> None:
    plan = prepare({"OCR_MODEL_REPOSITORY": str(repository.root), "OCR_MODEL_CONTROL": "poll", **version})
    assert "--model-control-mode=poll" in plan.command
    assert (type(plan.kept), plan.can_reload) == (kind, False)
    assert not any(path.is_symlink() for path in Path(served(plan.command)).rglob("*"))


@pytest.mark.parametrize(
    ("environment", "flags", "sentence"),
    [
        ({"OCR_MODEL_CONTROL": "pull"}, [], "OCR_MODEL_CONTROL is 'pull'; it must be one of explicit, none, poll"),
        (
            {},
            ["--model-control-mode=poll"],
            "--model-control-mode=poll is not for this launcher.*: say OCR_MODEL_CONTR",
        ),
        ({"OCR_MODEL_REPOSITORY": "s3://b/m", "OCR_VERSION": "2"}, [], "version 2 cannot be chosen at s3://b/m: there"),
    ],
)
def test_what_cannot_be_controlled_so_is_refused(
    repository: Repository, environment: Mapping[str, str], flags: list[str], sentence: str
) -> None:
    with pytest.raises(StartError, match=sentence):
        prepare({"OCR_MODEL_REPOSITORY": str(repository.root), **environment}, flags)


@pytest.mark.parametrize(
    "flags", [["--http-port=9000", "--http-address=::1"], ["--http-port", "9000", "--http-address", "::1"]]
)
def test_without_a_gate_the_supervisor_asks_where_callers_do(repository: Repository, flags: list[str]) -> None:
    environment = {"OCR_MODEL_REPOSITORY": str(repository.root), "OCR_ADMIN_KEY": "key", "OCR_GATE": "0"}
    plan = prepare(environment, flags)
    assert (plan.api.host, plan.api.port, plan.api.key, plan.gate) == ("::1", 9000, "key", None)
    assert list(plan.command[-len(flags) :]) == flags


def test_the_gate_listens_where_triton_would_and_triton_behind_it(repository: Repository) -> None:
    flags = ["--http-address=127.0.0.1", "--grpc-address", "::1", "--log-verbose=1"]
    with ExitStack() as sockets:
        plan = serve.prepare({"OCR_MODEL_REPOSITORY": str(repository.root)}, [*FREE_PORTS, *flags], sockets)
        assert plan.gate
        http, grpc = plan.gate.listening.getsockname(), plan.gate.reserved.getsockname()
    assert (http[0], grpc[0]) == ("127.0.0.1", "::1")
    assert f"--grpc-door=[::1]:{grpc[1]}:{own_port(plan, 'grpc')}" in plan.gate.command
    assert (plan.api.host, plan.api.port) == ("127.0.0.1", own_port(plan, "http"))
    assert len({http[1], grpc[1], own_port(plan, "http"), own_port(plan, "grpc")}) == 4
    assert plan.command[-1] == "--log-verbose=1"
    assert not any(flag.startswith("--grpc-address=::1") for flag in plan.command)


@pytest.mark.parametrize("flag", ["--grpc-use-ssl=true", "--grpc-use-ssl-mutual", "--allow-grpc=false"])
def test_doors_that_the_gate_has_not_are_refused(repository: Repository, flag: str) -> None:
    environment = {"OCR_MODEL_REPOSITORY": str(repository.root)}
    with pytest.raises(StartError, match=rf"{flag} is not for a server behind the gate.* leave the gate out with OCR_"):
        prepare(environment, [flag])
    assert prepare({**environment, "OCR_GATE": "0"}, [flag]).command[-1] == flag


@pytest.mark.parametrize(
    ("flags", "host"),
    [([], "0.0.0.0"), (["--metrics-address=127.0.0.1"], "127.0.0.1"), (["--metrics-address", "::1"], "::1")],  # noqa: S104 - what it must be
)
def test_the_supervisor_answers_for_metrics_in_the_servers_place(
    repository: Repository, flags: list[str], host: str
) -> None:
    with ExitStack() as sockets:
        plan = serve.prepare({"OCR_MODEL_REPOSITORY": str(repository.root)}, [*FREE_PORTS, *flags], sockets)
        assert plan.metrics
        assert plan.metrics.listening.getsockname()[0] == host
    assert plan.metrics.own_port == own_port(plan, "metrics")
    assert "--metrics-address=127.0.0.1" in plan.command


def test_nobody_answers_for_metrics_that_are_not_wanted(repository: Repository) -> None:
    plan = prepare({"OCR_MODEL_REPOSITORY": str(repository.root)}, ["--allow-metrics=False"])
    assert (plan.metrics, plan.command[-1]) == (None, "--allow-metrics=False")


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"OCR_PROFILE": "fast"}, r"OCR_PROFILE is 'fast'; it must be one of auto, cpu, gpu, tensorrt, configured"),
        ({"OCR_PROFILE": "gpu"}, r"OCR_PROFILE=gpu needs a GPU and this container has none: run it with --gpus all"),
        ({"OCR_GATE": "no"}, r"OCR_GATE is 'no'; it must be 1, or 0 for a server without a gate"),
        ({"OCR_ADMIN_KEY": "a=b"}, r"OCR_ADMIN_KEY may have letters, digits, '.', '_' and '-' only"),
        ({"OCR_MODEL_REPOSITORY": "no-such-folder"}, r"no-such-folder is not a model repository"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(StartError, match=sentence):
        prepare(environment)


def test_engines_need_a_folder_that_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    monkeypatch.setattr(serve, "ENGINES", Path("no-such-folder"))
    with pytest.raises(StartError, match="keeps its engines in no-such-folder, which is read-only here"):
        prepare({"OCR_PROFILE": "tensorrt"})


def test_nobody_knows_the_key_that_was_not_given(repository: Repository) -> None:
    environment = {"OCR_MODEL_REPOSITORY": str(repository.root)}
    keys = {flag.rpartition("=")[2] for _ in range(2) for flag in prepare(environment).command if "restricted" in flag}
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
    command = prepare(environment).command
    assert [flag for flag in command if "client-shm" in flag] == flags
