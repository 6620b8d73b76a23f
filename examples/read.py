"""Print the text in an image with the client: python read.py IMAGE [HOST:PORT]."""

import sys

from ocr_client import OcrClient, OcrError

image, *server = sys.argv[1:]
try:
    with OcrClient(*server or ["localhost:8000"]) as client:
        page = client.read(image)
except OcrError as error:
    sys.exit(f"error: {error}")
for line in page.lines:
    print(f"{line.confidence:.2f}  {line.text}")
