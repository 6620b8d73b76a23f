"""What a server says about itself, and what `ocr status` makes of it."""

import copy
import json
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from ocr_client import ModelInfo, OcrClient
from ocr_client.cli import main
from ocr_client.server_info import ServerInfo, parse_server
from tests.blocking import Client

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton

NAMES = (
    "ocr_ensemble",
    "image_preprocessing",
    "text_detection",
    "text_cropping",
    "ctc_decoding",
    "text_recognition",
)
INDEX: list[dict[str, str]] = [{"name": name, "version": "1", "state": "READY"} for name in NAMES]
SERVER = {"name": "triton", "version": "2.71.0", "extensions": []}
STEPS = NAMES[1:5]


def ensemble(*steps: str) -> dict[str, Any]:
    """An ensemble's configuration, as the server tells it."""
    scheduling = {"step": [{"model_name": step, "model_version": -1} for step in steps]}
    return {"platform": "ensemble", "backend": "", "instance_group": [], "ensemble_scheduling": scheduling}


CONFIGS: dict[str, Any] = {
    "ocr_ensemble": ensemble(*STEPS),
    "image_preprocessing": {"backend": "python", "parameters": {"max_image_megapixels": {"string_value": "100"}}},
    "ctc_decoding": {"backend": "python", "parameters": {"recognizer": {"string_value": "text_recognition"}}},
    "text_cropping": {"backend": "python", "instance_group": [{"kind": "KIND_CPU", "count": 2, "gpus": []}]},
    "text_detection": {"backend": "onnxruntime", "instance_group": [{"kind": "KIND_GPU", "gpus": [0, 1]}]},
}


def changed(name: str, **fields: str) -> list[dict[str, str]]:
    return [{**entry, **fields} if entry["name"] == name else entry for entry in INDEX]


def described(ready: bool = True, index: Any = INDEX) -> ServerInfo:
    return parse_server("http://box:8000", ready, SERVER, index, CONFIGS)


def test_a_server_that_is_well_has_its_models_and_no_problems() -> None:
    info = described()
    assert (info.name, info.version, info.problems) == ("triton", "2.71.0", ())
    assert tuple(model.name for model in info.models) == NAMES
    assert info.models[0] == ModelInfo(
        name="ocr_ensemble", version="1", state="READY", reason="", backend="ensemble", devices=(), instances=0
    )


def test_devices_are_counted_by_what_they_run_on() -> None:
    devices = {model.name: model.devices for model in described().models}
    assert devices["text_cropping"] == ("2 x CPU",)
    assert devices["text_detection"] == ("1 x GPU 0", "1 x GPU 1")
    assert [model.instances for model in described().models] == [0, 0, 2, 2, 0, 0]
    assert described().most_instances == 2


def test_the_models_are_those_that_the_servers_configurations_name() -> None:
    """Another step in between, another recognizer, and one more for a language."""
    names = ["ocr_ensemble", "image_preprocessing", "deskewing", "ctc_decoding", "tiny_recognition", "recognition_ru"]
    parameters = {"recognizer.ru": {"string_value": names[-1]}, "recognizer": {"string_value": names[-2]}}
    configs = {
        "ocr_ensemble": ensemble("image_preprocessing", "deskewing", "ctc_decoding"),
        "ctc_decoding": {"backend": "python", "parameters": parameters},
    }
    index = [{"name": name, "version": "1", "state": "READY"} for name in (*reversed(names), "text_detection")]
    info = parse_server("http://box:8000", True, SERVER, index, configs)
    assert [model.name for model in info.models] == names
    assert info.problems == ()


def test_a_step_that_the_server_lacks_is_missing() -> None:
    info = described(index=[entry for entry in INDEX if entry["name"] != "text_recognition"])
    assert [model.state for model in info.models] == ["READY"] * 5 + ["MISSING"]


def test_while_the_ensemble_is_not_loaded_every_model_of_the_server_may_be_the_reason() -> None:
    index = [{"name": "text_recognition", "state": "UNAVAILABLE", "reason": "no model.onnx"}, {"name": "ocr_ensemble"}]
    info = parse_server("http://box:8000", False, SERVER, index, {})
    assert info.problems == (
        "ocr_ensemble is unavailable (no reason given): see the server's log",
        "text_recognition is unavailable (no model.onnx): see the server's log",
    )


def test_a_version_that_an_operator_has_unloaded_is_no_problem() -> None:
    index = [*INDEX, *({**entry, "version": "2", "state": "UNAVAILABLE", "reason": "unloaded"} for entry in INDEX)]
    info = described(index=index)
    assert info.problems == ()
    assert {model.version for model in info.models} == {"1"}


def test_of_two_versions_that_are_loaded_the_one_is_shown_that_is_served() -> None:
    index = [*INDEX, *({**entry, "version": "2"} for entry in INDEX if entry["name"] != "ocr_ensemble")]
    configs = copy.deepcopy(CONFIGS)
    for step in configs["ocr_ensemble"]["ensemble_scheduling"]["step"]:
        step["model_version"] = 1
    info = parse_server("http://box:8000", True, SERVER, index, configs)
    assert {model.version for model in info.models} == {"1"}


def test_other_models_on_the_server_are_not_ours() -> None:
    info = described(index=[*INDEX, {"name": "resnet", "version": "1", "state": "UNAVAILABLE", "reason": "broken"}])
    assert (len(info.models), info.problems) == (6, ())


@pytest.mark.parametrize(
    ("index", "problem"),
    [
        (
            changed("text_recognition", state="UNAVAILABLE", reason="no model.onnx"),
            "text_recognition is unavailable (no model.onnx): see the server's log",
        ),
        (changed("ctc_decoding", state="LOADING"), "ctc_decoding is still loading: ask again in a moment"),
        (
            INDEX[1:],
            "ocr_ensemble is not in the server's model repository: is it this project's, and are its models exported?",
        ),
        (INDEX, "ocr_ensemble is not ready, and the server does not say why: see its log"),
        (None, "ocr_ensemble is not ready, and the server does not say why: see its log"),
    ],
)
def test_a_problem_says_what_is_wrong_and_what_to_do(index: Any, problem: str) -> None:
    assert described(ready=False, index=index).problems == (problem,)


def test_the_description_is_json_ready() -> None:
    document = json.loads(json.dumps(described(index=INDEX[1:]).to_dict()))
    assert document["models"][0]["state"] == "MISSING"
    assert len(document["problems"]) == 1


@pytest.fixture
def well(triton: "FakeTriton") -> "FakeTriton":
    """A server that describes itself, and reads every image."""
    triton.answer_page(["OCR 123"])
    triton.routes = {
        "/v2": SERVER,
        "/v2/repository/index": INDEX,
        **{f"/v2/models/{name}/config": CONFIGS.get(name, {"backend": "python"}) for name in NAMES},
    }
    return triton


def give_instances(triton: "FakeTriton", count: int) -> None:
    """Tell that ctc_decoding has so many instances."""
    groups = [{"kind": "KIND_CPU", "count": count, "gpus": []}]
    triton.routes["/v2/models/ctc_decoding/config"] = {**CONFIGS["ctc_decoding"], "instance_group": groups}


def status(triton: "FakeTriton", *arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, ["status", "--url", triton.url, *arguments], color=True)


def test_a_client_asks_for_all_of_it(well: "FakeTriton") -> None:
    with OcrClient(well.url) as client:
        assert client.server_info() == parse_server(
            f"http://{well.url}",
            True,
            SERVER,
            INDEX,
            {name: CONFIGS.get(name, {"backend": "python"}) for name in NAMES},
        )


def test_a_client_lists_another_servers_steps(well: "FakeTriton", kind: type[Client]) -> None:
    names = ["ocr_ensemble", "image_preprocessing", "deskewing", "text_detection", "text_cropping", "ctc_decoding"]
    well.routes["/v2/repository/index"] = [*INDEX, {"name": "deskewing", "version": "1", "state": "READY"}]
    well.routes["/v2/models/ocr_ensemble/config"] = ensemble(*names[1:])
    well.routes["/v2/models/deskewing/config"] = {"backend": "python"}
    with kind(well.url) as client:
        assert [model.name for model in client.server_info().models] == [*names, "text_recognition"]


def test_a_server_whose_list_of_models_is_closed_is_described_by_their_configurations(
    well: "FakeTriton", kind: type[Client]
) -> None:
    """As this project's servers are: the list belongs to the API that loads and unloads."""
    well.routes["/v2/repository/index"] = None
    with kind(well.url) as client:
        info = client.server_info()
    assert [(model.name, model.state) for model in info.models] == [(name, "READY") for name in NAMES]
    assert (info.most_instances, info.problems) == (2, ())


def test_steps_whose_configurations_are_closed_are_no_problem(well: "FakeTriton") -> None:
    """A proxy may pass on what concerns the ensemble only."""
    well.routes = {path: well.routes[path] for path in ("/v2", "/v2/models/ocr_ensemble/config")}
    well.routes.update({"/v2/repository/index": None, **{f"/v2/models/{name}/config": None for name in NAMES[1:]}})
    with OcrClient(well.url) as client:
        info = client.server_info()
    assert ([model.name for model in info.models], info.problems) == (["ocr_ensemble"], ())


def test_a_server_that_keeps_its_models_to_itself_is_described_without_them(well: "FakeTriton") -> None:
    well.routes = {"/v2": SERVER}
    well.answer_error(403, "restricted")
    with OcrClient(well.url) as client:
        info = client.server_info()
    assert (info.version, info.models, len(info.problems)) == ("2.71.0", (), 1)


def test_status_shows_models_and_devices_and_reads_an_image(well: "FakeTriton") -> None:
    done = status(well, NO_COLOR="1")
    head, *rows, last = done.stdout.splitlines()
    assert head == f"http://{well.url}  triton 2.71.0  ready"
    assert [row.split() for row in rows][:3] == [
        ["ocr_ensemble", "1", "READY", "ensemble"],
        ["image_preprocessing", "1", "READY", "python"],
        ["text_detection", "1", "READY", "onnxruntime", "1", "x", "GPU", "0,", "1", "x", "GPU", "1"],
    ]
    assert re.fullmatch(r"8 small images were read, 2 at once: median \d+ ms, slowest \d+ ms\.", last)
    assert (done.exit_code, done.stderr) == (0, "")
    assert len(well.asked) == 8


def test_status_finds_a_dead_instance_among_many(well: "FakeTriton") -> None:
    """Instances have their turns; that of the last one is beyond the images that a small server gets."""
    give_instances(well, 12)
    well.dead_turns = range(11, 1000, 12)
    done = status(well, "--json")
    answer = json.loads(done.stdout)
    assert (answer["probe"]["sent"], answer["probe"]["read"]) == (24, 22)
    assert answer["problems"][0].startswith("2 of 24 small images could not be read (")
    assert done.exit_code == 1


def test_status_sends_images_side_by_side(well: "FakeTriton") -> None:
    """One after the other they could all be read by the same instance."""
    give_instances(well, 3)
    together = threading.Barrier(3, timeout=10)
    well.on_inference = together.wait
    well.on_turns = range(3)
    assert status(well).exit_code == 0


def test_status_of_a_server_with_very_many_instances_ends(well: "FakeTriton") -> None:
    give_instances(well, 1000)
    assert (
        status(well, NO_COLOR="1").stdout.splitlines()[-1].startswith("64 small images were read, 16 at once: median ")
    )
    assert len(well.asked) == 64


def test_status_prints_no_times_if_nothing_is_read(well: "FakeTriton") -> None:
    well.failures = [500] * 8
    assert json.loads(status(well, "--json").stdout)["probe"] == {
        "sent": 8,
        "read": 0,
        "at_once": 2,
        "fastest_ms": None,
        "median_ms": None,
        "slowest_ms": None,
    }


def test_status_of_a_server_that_keeps_its_models_to_itself(well: "FakeTriton") -> None:
    well.routes = {"/v2": SERVER, "/v2/repository/index": None, "/v2/models/ocr_ensemble/config": None}
    done = status(well)
    assert "does not list its models for everyone: " in done.stdout
    assert "--header 'ocr-admin-key: KEY'" in done.stdout
    assert done.exit_code == 0


def test_status_tells_what_was_read_and_what_was_not(well: "FakeTriton", kind: type[Client]) -> None:
    counts = {"success": {"count": 40}, "fail": {"count": 2}}
    well.routes["/v2/models/ocr_ensemble/stats"] = {"model_stats": [{"inference_stats": counts}]}
    with kind(well.url) as client:
        info = client.server_info()
    assert (info.answered, info.unanswered) == (40, 2)
    assert "40 images were read, 2 were not.\n" in status(well).stdout


def test_status_is_coloured_where_colours_are_wanted(well: "FakeTriton") -> None:
    assert "\x1b[32mready\x1b[0m" in status(well).stdout
    assert "\x1b" not in status(well, NO_COLOR="1").stdout


def test_status_says_what_is_wrong(well: "FakeTriton") -> None:
    well.routes["/v2/repository/index"] = changed("text_recognition", state="UNAVAILABLE", reason="no model.onnx")
    well.answer_error(400, "Model version not ready")
    done = status(well, NO_COLOR="1")
    assert done.stdout.splitlines()[0].endswith("not ready")
    assert done.stdout.splitlines()[-1] == "! text_recognition is unavailable (no model.onnx): see the server's log"
    assert done.exit_code == 1


def test_status_does_not_believe_a_server_that_fails(well: "FakeTriton") -> None:
    well.failures = [500] * 3
    done = status(well, "--json")
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem.startswith("3 of 8 small images could not be read (")
    assert "HTTP 500: not now" in problem
    assert done.exit_code == 1


def test_status_of_no_server_is_an_error(nobody: str) -> None:
    done = CliRunner().invoke(main, ["status", "--url", nobody])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: no OCR server at http://{nobody} (Connection refused): start one")
