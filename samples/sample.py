"""A sample: an image and the text that a reader finds on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Sample:
    """One drawn image with its text.

    Attributes:
        file_name: the name of the image file; its suffix says how it is encoded.
        image_rgb: (H, W, 3) uint8.
        lines: the text lines in reading order, words in a row separated by one space.
    """

    file_name: str
    image_rgb: Image
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The content of the text file: every line ends with a newline."""
        return "".join(f"{line}\n" for line in self.lines)
