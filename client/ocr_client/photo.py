"""An image as a viewer shows it."""

import os
from io import BytesIO

from PIL import Image, ImageOps


def displayed(image: bytes | str | os.PathLike[str]) -> Image.Image:
    """Decode an image upright (EXIF orientation applied), transparent parts white.

    Args:
        image: The encoded file: its content as bytes, or its path.

    Returns:
        RGB picture.

    Raises:
        OSError: The file cannot be read, or Pillow cannot decode it.
        ValueError: The image is too large for Pillow.
    """
    try:
        with Image.open(BytesIO(image) if isinstance(image, bytes) else image) as opened:
            upright = ImageOps.exif_transpose(opened)
            if not upright.has_transparency_data:
                return upright.convert("RGB")
            layer = upright.convert("RGBA")
    except Image.DecompressionBombError as error:
        raise ValueError(f"the image is too large to draw: {error}") from error
    photo = Image.new("RGB", layer.size, "white")
    photo.paste(layer, mask=layer)
    return photo
