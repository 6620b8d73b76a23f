"""`ocr-health`: whether the ensemble reads. Small images with text go through it, and each must come back with a line.

Triton's own endpoints say "ready" also when the process of a Python step has died; requests that meet it fail. So
more images are sent than any step has processes.
"""

import io
import json
import sys
from collections.abc import Iterable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any

from PIL import Image, ImageDraw, ImageFont

ADDRESS = ("127.0.0.1", 8000)
ENSEMBLE = "ocr_ensemble"
TIMEOUT_S = 20
# Whatever was exported finds and reads these letters; how surely is not the question here.
HEADERS = {"Inference-Header-Content-Length": "0", "Min-Confidence": "0"}


class Unhealthy(RuntimeError):
    """The server answers, but not as it should."""


def main() -> None:
    """Exit with status 0, or with what is wrong."""
    sys.exit(diagnose())


def diagnose() -> str | None:
    """What is wrong; None if nothing is."""
    try:
        with closing(HTTPConnection(*ADDRESS, timeout=TIMEOUT_S)) as connection:
            check(connection)
    except Unhealthy as error:
        return f"the server does not read: {error}"
    except (OSError, HTTPException, LookupError, ValueError) as error:
        return f"the server does not answer as it should: {error!r}"
    return None


def check(connection: HTTPConnection) -> None:
    """Send twice as many images as the step with the most processes has.

    Raises:
        Unhealthy: One of them is not read.
    """
    image = picture()
    for _ in range(2 * max(map(instances, _configs(connection)))):
        shapes = {output["name"]: output["shape"] for output in ask(connection, f"{ENSEMBLE}/infer", image)["outputs"]}
        if shapes["texts"] == [0]:
            raise Unhealthy("no text is found in an image with text")


def instances(config: dict[str, Any]) -> int:
    """How many instances a model has; each of a Python step is a process.

    >>> instances({"instance_group": [{"count": 2}, {"count": 1, "gpus": [0, 1]}]})
    4
    """
    return sum(int(group["count"]) * max(1, len(group.get("gpus", []))) for group in config["instance_group"])


def picture() -> bytes:
    """A PNG file with one word on it."""
    image = Image.new("RGB", (160, 64), "white")
    ImageDraw.Draw(image).text((24, 16), "HEALTH", "black", ImageFont.load_default(24))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def ask(connection: HTTPConnection, path: str, image: bytes = b"") -> dict[str, Any]:
    """The JSON of an answer; in that to an image, the tensors' bytes follow it.

    Raises:
        Unhealthy: The server answers with an error.
    """
    connection.request("POST" if image else "GET", f"/v2/models/{path}", image or None, HEADERS)
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise Unhealthy(content.decode(errors="replace"))
    length = int(response.headers.get("Inference-Header-Content-Length", len(content)))
    return dict(json.loads(content[:length]))


def _configs(connection: HTTPConnection) -> Iterable[dict[str, Any]]:
    """The configurations of the ensemble's steps, as the server tells them."""
    steps = ask(connection, f"{ENSEMBLE}/config")["ensemble_scheduling"]["step"]
    return [ask(connection, f"{step['model_name']}/config") for step in steps]
