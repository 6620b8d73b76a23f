#!/usr/bin/env python3
"""Whether the ensemble reads: small images with text go through it, and each must come back with a line of text.

The server's health endpoints do not notice that the process of a Python step has died; requests that meet it fail.
So there are more images than any step has processes.
"""

import io
import json
import sys
from contextlib import closing
from http.client import HTTPConnection, HTTPException

from PIL import Image, ImageDraw, ImageFont

ADDRESS = ("127.0.0.1", 8000)
STEPS = ("image_preprocessing", "text_cropping", "ctc_decoding")
TIMEOUT_S = 20
# Whatever was exported finds and reads these letters; how surely is not the question here.
HEADERS = {"Inference-Header-Content-Length": "0", "Min-Confidence": "0"}


class Unhealthy(RuntimeError):
    """The server answers, but not as it should."""


def picture() -> bytes:
    """A PNG file with one word on it."""
    image = Image.new("RGB", (160, 64), "white")
    ImageDraw.Draw(image).text((24, 16), "HEALTH", "black", ImageFont.load_default(24))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def ask(connection: HTTPConnection, path: str, image: bytes = b"") -> dict[str, list[dict[str, object]]]:
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


def check(connection: HTTPConnection) -> None:
    """Send the images.

    Raises:
        Unhealthy: One of them is not read.
    """
    groups = [ask(connection, f"{step}/config")["instance_group"] for step in STEPS]
    processes = max(sum(int(str(group["count"])) for group in of_step) for of_step in groups)
    image = picture()
    for _ in range(2 * processes):
        shapes = {output["name"]: output["shape"] for output in ask(connection, "ocr_ensemble/infer", image)["outputs"]}
        if shapes["texts"] == [0]:
            raise Unhealthy("no text is found in an image with text")


def main() -> str | None:
    """What is wrong; None if nothing is."""
    try:
        with closing(HTTPConnection(*ADDRESS, timeout=TIMEOUT_S)) as connection:
            check(connection)
    except Unhealthy as error:
        return f"the server does not read: {error}"
    except (OSError, HTTPException, LookupError, ValueError) as error:
        return f"the server does not answer as it should: {error!r}"
    return None


if __name__ == "__main__":
    sys.exit(main())
