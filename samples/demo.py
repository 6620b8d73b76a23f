"""Small copies of the samples for the client's demo page, which is installed without this folder."""

import io
from collections.abc import Iterable
from pathlib import Path

from PIL import Image as Pillow

from samples.sample import Sample

FOLDER = Path(__file__).parent.parent / "client" / "ocr_client" / "demo" / "samples"
NAMES = ("street", "receipt", "label", "table")
LONGEST_PX = 1100
QUALITY = 60


def write_copies(samples: Iterable[Sample], folder: Path) -> list[Path]:
    """Writes them as WebP, a tenth of a megabyte at most; returns the files."""
    chosen = {name: sample for sample in samples if (name := Path(sample.file_name).stem) in NAMES}
    written = []
    for name in NAMES:
        path = folder / f"{name}.webp"
        path.write_bytes(_copy(chosen[name]))
        written.append(path)
    return written


def _copy(sample: Sample) -> bytes:
    picture, stream = Pillow.fromarray(sample.image_rgb), io.BytesIO()
    picture.thumbnail((LONGEST_PX, LONGEST_PX))
    picture.save(stream, "WEBP", quality=QUALITY, method=6)
    return stream.getvalue()
