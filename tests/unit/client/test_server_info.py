"""What a server says about itself, and what `ocr status` makes of it."""

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from ocr_client import ModelInfo, OcrClient
from ocr_client.cli import main
from ocr_client.server_info import ServerInfo, parse_server

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
CONFIGS = {
    "ocr_ensemble": {"platform": "ensemble", "backend": "", "instance_group": []},
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
        name="ocr_ensemble", version="1", state="READY", reason="", backend="ensemble", devices=()
    )


def test_devices_are_counted_by_what_they_run_on() -> None:
    devices = {model.name: model.devices for model in described().models}
    assert devices["text_cropping"] == ("2 x CPU",)
    assert devices["text_detection"] == ("1 x GPU 0", "1 x GPU 1")


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


def test_a_server_that_keeps_its_models_to_itself_is_described_without_them(well: "FakeTriton") -> None:
    del well.routes["/v2/repository/index"]
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
    assert last.startswith("A small image is read in ")
    assert (done.exit_code, done.stderr) == (0, "")
    assert len(well.asked) == 8


def test_status_of_a_server_that_keeps_its_models_to_itself(well: "FakeTriton") -> None:
    well.routes["/v2/repository/index"] = None
    done = status(well)
    assert "shows its models only to those who may see them: see --header" in done.stdout
    assert done.exit_code == 0


def test_status_is_coloured_where_colours_are_wanted(well: "FakeTriton") -> None:
    assert "\x1b[32mready\x1b[0m" in status(well).stdout
    assert "\x1b" not in status(well, NO_COLOR="1").stdout


def test_status_tells_what_is_wrong(well: "FakeTriton") -> None:
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
    assert problem.startswith("3 of 8 test images were not read (")
    assert "HTTP 500: not now" in problem
    assert done.exit_code == 1


def test_status_of_no_server_is_an_error(nobody: str) -> None:
    done = CliRunner().invoke(main, ["status", "--url", nobody])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: no OCR server at http://{nobody} (Connection refused): start one")
