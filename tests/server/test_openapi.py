"""What a server answers is what docs/openapi.yaml says."""

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import Any, NamedTuple

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.project import ROOT, SAMPLES
from tests.triton import Triton

DESCRIPTION: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
ROOT_URI = "urn:openapi"
SCHEMAS: Registry[Any] = Registry().with_resource(ROOT_URI, DRAFT202012.create_resource(DESCRIPTION))
INFER = "/v2/models/ocr_ensemble/infer"
LENGTH = "Inference-Header-Content-Length"
LABEL = (SAMPLES / "label.png").read_bytes()
LINES = (SAMPLES / "label.txt").read_text(encoding="utf-8").splitlines()
IMAGE = {"name": "image", "datatype": "UINT8", "shape": [len(LABEL)]}


class Answer(NamedTuple):
    """Of HTTP."""

    status: int
    kind: str
    header_length: int
    body: bytes

    @property
    def told(self) -> Any:
        """Its JSON."""
        return json.loads(self.body[: self.header_length or None])


def ask(host: str, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    with closing(HTTPConnection(host, timeout=60)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        kind = response.headers.get_content_type()
        return Answer(response.status, kind, int(response.headers.get(LENGTH, 0)), response.read())


def described(method: str, path: str, answer: Answer) -> dict[str, Any]:
    """The content that the description has for an answer: types and schemas."""
    responses = DESCRIPTION["paths"][path][method.lower()]["responses"]
    assert str(answer.status) in responses, answer
    found = responses[str(answer.status)]
    if reference := found.get("$ref"):
        found = DESCRIPTION["components"]["responses"][reference.rpartition("/")[2]]
    content: dict[str, Any] = found.get("content", {})
    return content


def check(reference: str, told: Any) -> None:
    """Raise what is wrong with a value, by a schema of the description."""
    Draft202012Validator({"$ref": f"{ROOT_URI}{reference}"}, registry=SCHEMAS).validate(told)


def checked(method: str, path: str, answer: Answer) -> Any:
    """The JSON of an answer that is as the description says."""
    content = described(method, path, answer)
    schema = content[answer.kind].get("schema") or content["application/json"]["schema"]
    if schema["$ref"] == "#/components/schemas/ErrorText":
        schema = DESCRIPTION["components"]["schemas"]["ErrorText"]["contentSchema"]
    check(schema["$ref"], answer.told)
    return answer.told


def texts(told: Any) -> list[str]:
    (found,) = (output["data"] for output in told["outputs"] if output["name"] == "texts")
    return list(found)


@pytest.mark.parametrize("path", [path for path, calls in DESCRIPTION["paths"].items() if "get" in calls])
def test_what_is_asked_by_get_is_answered_so(triton: Triton, path: str) -> None:
    answer = ask(triton.url, "GET", path)
    assert answer.status == 200
    if described("GET", path, answer):
        checked("GET", path, answer)
    else:
        assert answer.body == b""


def test_json_alone_is_answered_in_json(triton: Triton) -> None:
    request = {"inputs": [IMAGE | {"data": list(LABEL)}], "parameters": {"min_confidence": 0.5, "words": 1}}
    check("#/components/schemas/Request", request)
    told = checked("POST", INFER, ask(triton.url, "POST", INFER, json.dumps(request).encode()))
    assert texts(told) == LINES
    named = [output["name"] for output in told["outputs"]]
    assert sorted(named) == sorted(DESCRIPTION["components"]["schemas"]["OutputName"]["enum"])


def test_a_json_header_before_the_image_is_answered_in_json(triton: Triton) -> None:
    request = {
        "inputs": [IMAGE | {"parameters": {"binary_data_size": len(LABEL)}}],
        "outputs": [{"name": "texts"}, {"name": "quads"}],
    }
    check("#/components/schemas/Request", request)
    header = json.dumps(request).encode()
    length = {LENGTH.replace("-", "_"): str(len(header))}
    told = checked("POST", INFER, ask(triton.url, "POST", INFER, header + LABEL, **length))
    assert texts(told) == LINES
    assert [output["name"] for output in told["outputs"]] == ["texts", "quads"]


def test_an_image_alone_is_answered_with_tensors(triton: Triton) -> None:
    answer = ask(triton.url, "POST", INFER, LABEL, **{LENGTH.replace("-", "_"): "0"})
    assert answer.kind == "application/octet-stream"
    told = checked("POST", INFER, answer)
    sizes = [output["parameters"]["binary_data_size"] for output in told["outputs"]]
    assert answer.header_length + sum(sizes) == len(answer.body)


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        (b"no image", {}, 400, "bad_image: "),
        (LABEL, {"Quad_Threshold": "7"}, 400, "bad_option: quad_threshold"),
        (LABEL, {"Orientation": "sideways"}, 400, "bad_option: orientation"),
        (LABEL, {"Content_Encoding": "br"}, 415, "bad_request: Content-Encoding"),
    ],
    ids=["no image", "out of range", "no choice", "unknown encoding"],
)
def test_what_is_wrong_is_told_so(triton: Triton, body: bytes, headers: dict[str, str], status: int, said: str) -> None:
    answer = ask(triton.url, "POST", INFER, body, **{LENGTH.replace("-", "_"): "0"}, **headers)
    assert answer.status == status
    assert said in checked("POST", INFER, answer)["error"]
