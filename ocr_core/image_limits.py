"""What an image is refused for before its pixels are decoded: more of them than they are worth."""

from PIL import Image, ImageFile

from ocr_core import structure
from ocr_core.errors import BadImage

# The greatest side that a JPEG can have.
MAX_SIDE_PX = 65_535
# How many times as many pixels as others an image may have, by what decoding one costs. A JPEG is reduced while it is
# decoded, unless it comes in several scans: then all coefficients are kept, and each scan goes over all of them.
JPEG_SHARE = 2.5
WEBP_SHARE = 0.5
COSTLY_SHARE = 0.6  # transparency, 16 bits a colour, 32 bits of grey, a JPEG of so many scans:
USUAL_SCANS = 10
# Pillow's decoders that are written in Python, by the name of the codec: RLE in BMP, numbers in PPM that are written
# out or of unusual ranges.
PYTHON_CODECS = {"bmp_rle", "ppm", "ppm_plain"}
PYTHON_SHARE = 0.025
# No honest file has more pixels for each of its bytes. Flat areas have 340 at best in a JPEG (six bits for 16 × 16
# pixels) and 8,256 in a PNG of one bit (zlib's 1,032 times). Some formats have no bound: theirs is that of blank pages.
MAX_PIXELS_PER_BYTE = {"JPEG": 1_000, "PNG": 10_000, "GIF": 10_000, "BMP": 10_000, "PPM": 8}
MAX_PIXELS_PER_BYTE_ELSE = 100_000


def check_file(encoded: bytes) -> None:
    """Refuse a file whose header alone would take long, or much memory, to read.

    Raises:
        BadImage: It has too many parts, or declares a size that no image may have.
    """
    structure.check(encoded)
    if size := structure.webp_size(encoded):
        _check_ratio("WEBP", size, len(encoded))


def check(image: Image.Image, encoded: bytes, max_megapixels: float) -> None:
    """Refuse an image whose pixels would take too long to decode.

    Args:
        image: As Pillow opened it, its pixels not yet decoded.
        encoded: Its file.
        max_megapixels: How many an image may have whose pixels cost the usual.

    Raises:
        BadImage: A side is too long, there are too many pixels, or more than the file can hold.
    """
    width, height = image.size
    if max(width, height) > MAX_SIDE_PX:
        raise BadImage(f"the image is {width} x {height} pixels; sides of at most {MAX_SIDE_PX} are accepted")
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    if image.mode == "P" and not image.palette:
        raise BadImage(f"the {kind} image is damaged: it has no palette; save it anew and send that file")
    share, why = _share(image, kind, encoded)
    limit = max_megapixels * share
    if width * height > limit * 1e6:
        raise BadImage(
            f"the {kind} image has {width} x {height} = {_number(width * height / 1e6)} megapixels{why}; "
            f"at most {_number(limit)} are accepted, send it scaled down"
        )
    _check_ratio(kind, image.size, len(encoded))
    _check_tiles(image)


def _share(image: Image.Image, kind: str, encoded: bytes) -> tuple[float, str]:
    """How many times the usual number of pixels such an image may have, and what makes it so."""
    if kind == "JPEG":
        scans = structure.jpeg_scans(encoded)
        if scans == 1:
            return JPEG_SHARE, ""
        return COSTLY_SHARE * min(1, USUAL_SCANS / scans), f" in {scans} scans"
    if any(tile.codec_name in PYTHON_CODECS for tile in _tiles(image)):
        return PYTHON_SHARE / len(image.getbands()), " in a rare encoding"
    if kind == "WEBP":
        return WEBP_SHARE, ""
    if image.has_transparency_data:
        return COSTLY_SHARE, " with transparency"
    # Pillow reduces such colours to 8 bits while it decodes; only the layout of the file's pixels tells.
    if image.mode == "RGB" and any(";16" in str(tile.args) for tile in _tiles(image)):
        return COSTLY_SHARE, " of 16 bits a colour"
    return (COSTLY_SHARE, " of 32 bits") if image.mode in ("I", "F") else (1, "")


def _number(megapixels: float) -> str:
    return f"{megapixels:.0f}" if megapixels >= 100 else f"{megapixels:.3g}"


def _check_ratio(kind: str, size_wh: tuple[int, int], file_bytes: int) -> None:
    width, height = size_wh
    if width * height > file_bytes * MAX_PIXELS_PER_BYTE.get(kind, MAX_PIXELS_PER_BYTE_ELSE):
        raise BadImage(
            f"the {kind} image of {width} x {height} pixels has only {file_bytes} bytes: it is damaged or truncated; "
            "send the whole file"
        )


def _check_tiles(image: Image.Image) -> None:
    """Refuse layers upon layers: strips or tiles that cover the image more often than it has bands."""
    boxes = [tile.extents for tile in _tiles(image) if tile.extents]
    covered = sum((right - left) * (lower - upper) for left, upper, right, lower in boxes)
    if covered > (len(image.getbands()) + 1) * image.width * image.height:
        raise BadImage(f"the {image.format} image has strips that lie over each other; save it anew and send that file")


def _tiles(image: Image.Image) -> list[ImageFile._Tile]:
    """The parts that Pillow is about to decode; WebP has none until it is loaded."""
    return (image.tile or []) if isinstance(image, ImageFile.ImageFile) else []
