"""Write the text of each image that appears in a folder beside it, once: python watch.py FOLDER [HOST:PORT].

--once does what is there now and ends, as from cron. A file is read when its size has stayed the same for a second.
"""

import sys
import time
from pathlib import Path

from ocr_client import OcrClient, OcrError

SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"}
PAUSE_S = 1.0


def unread(folder: Path) -> dict[Path, int]:
    """Images without a text beside them, and their sizes."""
    images = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES)
    return {path: path.stat().st_size for path in images if not path.with_suffix(".txt").exists()}


def read(client: OcrClient, image: Path) -> None:
    """Write one image's text; one that cannot be read gets an empty text, so that it isn't tried for ever."""
    try:
        text = client.read(image).text
    except OcrError as error:
        print(f"{image}: {error}", file=sys.stderr)
        text = ""
    part = image.with_suffix(".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.rename(image.with_suffix(".txt"))  # whoever waits for it sees it whole


def main() -> None:
    """Watch until Ctrl-C."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--once"]
    folder = Path(arguments[0])
    with OcrClient(*arguments[1:] or ["localhost:8000"]) as client:
        sizes = unread(folder)
        while True:
            time.sleep(PAUSE_S)
            before, sizes = sizes, unread(folder)
            for image in (image for image, size in sizes.items() if before.get(image) == size):
                read(client, image)
            if "--once" in sys.argv:
                return


if __name__ == "__main__":
    main()
