#!/usr/bin/env python3
"""Whether the ensemble reads: small images with text go through it, and each must come back with a line of text.

The server's health endpoints do not notice that the process of a Python step has died; requests that meet it fail.
So there are more images than any step has instances.
"""

import io
import json
import sys
import urllib.error
import urllib.request

from PIL import Image, ImageDraw, ImageFont

URL = "http://127.0.0.1:8000/v2/models"
STEPS = ("image_preprocessing", "text_cropping", "ctc_decoding")
TIMEOUT_S = 20
# Whatever was exported, it finds and reads these letters; how surely is not the question here.
HEADERS = {"Inference-Header-Content-Length": "0", "Min-Confidence": "0"}


def picture() -> bytes:
    """A PNG file with one word on it."""
    image = Image.new("RGB", (160, 64), "white")
    ImageDraw.Draw(image).text((24, 16), "HEALTH", "black", ImageFont.load_default(24))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def instances(step: str) -> int:
    """How many processes a step has."""
    with urllib.request.urlopen(f"{URL}/{step}/config", timeout=TIMEOUT_S) as answer:
        return sum(group["count"] for group in json.load(answer)["instance_group"])


def lines(image: bytes) -> int:
    """How many lines of text the ensemble reads."""
    request = urllib.request.Request(f"{URL}/ocr_ensemble/infer", image, HEADERS)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        header = json.loads(answer.read(int(answer.headers["Inference-Header-Content-Length"])))
    (texts,) = (output for output in header["outputs"] if output["name"] == "texts")
    return int(texts["shape"][0])


def main() -> str:
    """What is wrong; empty if nothing is."""
    try:
        image, count = picture(), 2 * max(map(instances, STEPS))
        if not all([lines(image) for _ in range(count)]):
            return "the ensemble answers, but reads no text"
    except urllib.error.HTTPError as error:
        return f"the ensemble fails: {error.read().decode(errors='replace')}"
    except (OSError, ValueError, KeyError) as error:
        return f"the server does not answer as it should: {error}"
    return ""


if __name__ == "__main__":
    sys.exit(main() or 0)
