"""Requests as curl sends them: the file is the body, no JSON is round it."""

import json
import sys
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tritonclient.http import InferenceServerClient

PATH = "/v2/models/ocr_ensemble/infer"
RAW = {"Inference-Header-Content-Length": "0"}
# What curl calls every body that it posts, unless told otherwise.
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: Of HTTP.
        error: The server's sentence; empty if all went well.
        outputs: Arrays by their names; empty if not.
    """

    status: int
    error: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """The lines of text."""
        return [text.decode() for text in self.outputs["texts"]]


def post(host: str, body: bytes, **headers: str) -> Answer:
    """Send a body to the ensemble; underscores in the names of headers become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    status, header_length, content = _exchange(host, PATH, body, {**RAW, **FORM, **named})
    if status != 200:
        return Answer(status, json.loads(content)["error"])
    result = InferenceServerClient.parse_response_body(content, header_length=header_length)
    names = [output["name"] for output in result.get_response()["outputs"]]
    return Answer(status, outputs={name: result.as_numpy(name) for name in names})


def _exchange(host: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, int, bytes]:
    with closing(HTTPConnection(host, timeout=60)) as connection:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, int(response.headers.get("Inference-Header-Content-Length", 0)), response.read()


def _like_curl(_silent: str, _data_binary: str, file: str, _header: str, header: str, url: str) -> bytes:
    """What `curl -s --data-binary @FILE -H HEADER URL` prints."""
    name, value = header.split(": ")
    address = urlsplit(url)
    return _exchange(address.netloc, address.path, Path(file.removeprefix("@")).read_bytes(), {name: value, **FORM})[2]


if __name__ == "__main__":
    sys.stdout.buffer.write(_like_curl(*sys.argv[1:]))
