"""Which requests go past the gate: what Triton 2.51 dies of does not, and nobody else is in the way."""

import gzip
import json
import zlib
from typing import Any

import pytest

from ocr_gate import checks
from ocr_gate.checks import Refused

MODELS = ("ocr_ensemble",)
MOST = checks.MAX_BODY_BYTES


@pytest.mark.parametrize(
    ("path", "asks"),
    [
        ("/v2/models/ocr_ensemble/infer", True),
        ("/v2/models/ocr_ensemble/versions/1/infer", True),
        ("/v2/models/ocr_ensemble/generate_stream", True),
        ("/v2/models/text_detection/stats", False),
        ("/v2/health/ready", False),
        ("/metrics", False),
    ],
)
def test_what_asks_the_ensemble_is_an_inference(path: str, asks: bool) -> None:
    assert checks.is_inference(path, MODELS) == asks


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/text_detection/infer",
        "/v2/models/text%5Fdetection/infer",
        "/v2/models/text_recognition/versions/1/infer",
        "/v2/models/text_cropping/generate",
        "/v2/models%2Fctc_decoding%2Finfer",
    ],
)
def test_no_other_model_answers_from_outside(path: str) -> None:
    with pytest.raises(Refused, match="this server answers for ocr_ensemble, not for") as refused:
        checks.is_inference(path, MODELS)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("GZIP", gzip.compress)]
)
def test_a_packed_body_is_unpacked(encoding: str, pack: Any) -> None:
    assert checks.unpack(pack(b"image" * 1000), encoding) == b"image" * 1000


@pytest.mark.parametrize(
    ("body", "encoding", "status", "told"),
    [
        (gzip.compress(bytes(MOST + 1)), "gzip", 413, "more than 64 MB"),
        (zlib.compress(bytes(MOST + 1)), "deflate", 413, "more than 64 MB"),
        (gzip.compress(b"image")[:-4], "gzip", 400, "ends in the middle of its gzip"),
        (b"image", "deflate", 400, "the body is not deflate"),
        (b"image", "br", 415, "must be gzip or deflate, not 'br'"),
    ],
)
def test_a_body_that_cannot_be_unpacked_within_bounds_is_refused(
    body: bytes, encoding: str, status: int, told: str
) -> None:
    with pytest.raises(Refused, match=told) as refused:
        checks.unpack(body, encoding)
    assert refused.value.status == status


@pytest.mark.parametrize(("lengths", "part"), [([], b"{}image"), (["2"], b"{}"), (["0"], b""), (["7"], b"{}image")])
def test_the_json_is_what_the_header_says(lengths: list[str], part: bytes) -> None:
    assert checks.json_part(b"{}image", lengths) == part


@pytest.mark.parametrize("lengths", [["8"], ["-1"], ["2.0"], ["abc"], [""], ["2", "3"], ["9" * 30], ["\u0662"]])
def test_a_length_that_triton_might_read_otherwise_is_refused(lengths: list[str]) -> None:
    with pytest.raises(Refused, match="it must be the number of bytes before the tensors, 0 … 7"):
        checks.json_part(b"{}image", lengths)


@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
@pytest.mark.parametrize("depth", [5_000, 40_000, 1_000_000])
def test_what_is_nested_deep_is_refused(begin: str, end: str, depth: int) -> None:
    with pytest.raises(Refused, match=r"arrays and objects; at most|nested too deep"):
        checks.read_json((begin * depth + "1" + end * depth).encode())


@pytest.mark.parametrize("text", [b"{bad", b"[1,,2]", b"\xff", b'{"a": 1, "a": 2}', b"[" + b"9" * 9999 + b"]x"])
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(Refused, match="the body is no JSON, or has a name twice"):
        checks.read_json(text)


def image(**more: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "image", "datatype": "UINT8", "shape": [4], "data": [1, 2, 3, 4], **more}]}


@pytest.mark.parametrize("indent", [None, 2])
def test_an_image_as_numbers_passes_and_they_are_not_all_read(indent: int | None) -> None:
    numbers = [number % 256 for number in range(100_000)]
    said = checks.read_json(json.dumps(image(shape=[len(numbers)], data=numbers), indent=indent).encode())
    assert said == image(shape=[len(numbers)], data=[-1])
    checks.check_inference(said)


def test_json_that_is_spread_wide_is_read_all_the_same() -> None:
    assert checks.read_json(b'{"id":' + b" " * 5000 + b'"a",' + b" " * 5000 + b'"b": [1, 2]}') == {
        "id": "a",
        "b": [1, 2],
    }


@pytest.mark.parametrize("shape", [[2**40], [2**62], [-4], [2**20, 2**20], [-1, -1], [1] * 9 + [MOST + 1]])
def test_a_shape_beyond_all_memory_is_refused(shape: list[int]) -> None:
    with pytest.raises(Refused, match="is not one of at most 67108864 values"):
        checks.check_inference(image(shape=shape))


def test_a_shape_hidden_in_a_long_row_is_refused() -> None:
    hidden = json.dumps(image(shape=[1] * 1000 + [2**62])).encode()
    with pytest.raises(Refused, match="is not one of at most"):
        checks.check_inference(checks.read_json(hidden))


@pytest.mark.parametrize("name", ["classification", r"classific\u0061tion"])
def test_classification_is_refused_however_it_is_written(name: str) -> None:
    asked = f'{{"outputs": [{{"name": "texts", "parameters": {{"{name}": 1}}}}]}}'.encode()
    with pytest.raises(Refused, match="no output is a classification"):
        checks.check_inference(checks.read_json(asked))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"inputs": 3, "outputs": 4},
        {"inputs": [5], "outputs": [{"parameters": 5}, {"parameters": None}]},
        image(shape="4"),
        image(shape=None),
        image(shape=[4.5, "a"]),
        {**image(shape=[0]), "outputs": [{"name": "texts", "parameters": {"binary_data": True}}]},
    ],
)
def test_what_is_only_wrong_is_left_to_triton(said: Any) -> None:
    checks.check_inference(said)


@pytest.mark.parametrize("said", [[], 3, "inputs", None])
def test_a_request_is_an_object(said: Any) -> None:
    with pytest.raises(Refused, match="the JSON must be an object with the inputs"):
        checks.check_inference(said)


def test_the_servers_own_shared_memory_is_not_for_clients() -> None:
    own = ("ocr-triton-abc", "ocr-pages-")
    for key in ("/ocr-triton-abc1234", "ocr-triton-abc1234", "//ocr-pages-7-7"):
        with pytest.raises(Refused, match="this shared memory is the server's own"):
            checks.check_region({"key": key}, own)
    others: list[Any] = [{"key": "/ocr-client-1"}, {"key": 5}, {}, [], None]
    for said in others:
        checks.check_region(said, own)
