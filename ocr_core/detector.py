"""What a detector's weights ask of the steps around them."""

import dataclasses
from pathlib import Path
from typing import Literal

import numpy as np

from ocr_core import exported
from ocr_core.errors import ModelMismatch
from ocr_core.options import RANGES, Options
from ocr_core.quads import FloatArray

FILE_NAME = "detector.json"
# Decoder family → channels of the maps that it decodes.
CHANNELS = {"db": 1, "east": 6}
# Rounding may leave a sigmoid above 1.
MAX_SCORE = 1.001
MAX_DISTANCE_PX = 65_536
# How far maps reach beyond the ends of the ink, in heights of the widened box: what serves drawn pages best.
BLUR = {"db": 0.14, "east": 0.0}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Detector:
    """The pages that a detector takes, and how its maps are decoded.

    Attributes:
        decoder: Family of the decoder: ocr_core/db.py or ocr_core/east.py.
        map_stride_px: Pixels of the detector's input from one cell of its maps to the next.
        side_multiple_px: Sides of the input are multiples of this: the total stride of the network's backbone.
        max_area_px: The input has at most about this many pixels, whatever the page's proportions.
        max_side_px: Greatest side of the input.
        map_threshold: Score above which a cell counts as text, 0 … 1, unless a request says otherwise.
        quad_threshold: Least mean score of a box, 0 … 1, unless a request says otherwise.
        unclip_ratio: How far a box is widened, 0 … 5, unless a request says otherwise; the decoder tells the unit.
    """

    decoder: Literal["db", "east"]
    map_stride_px: int
    side_multiple_px: int
    max_area_px: int
    max_side_px: int
    map_threshold: float
    quad_threshold: float
    unclip_ratio: float

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: One is out of its range.
        """
        if self.decoder not in CHANNELS:
            raise ValueError(f"decoder is {self.decoder!r}; it must be one of {', '.join(CHANNELS)}")
        for name in ("map_stride_px", "side_multiple_px", "max_area_px", "max_side_px"):
            exported.require_positive(name, getattr(self, name))
        for name, (low, high) in RANGES.items():
            value = getattr(self, name, low)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; it must be between {low:g} and {high:g}")

    @classmethod
    def load(cls, version_directory: Path) -> "Detector":
        """Read the file that the exporter wrote.

        Raises:
            NotExported: There is none, or it is not what this version of the exporter writes.
        """
        return exported.read(cls, version_directory / FILE_NAME)

    def save(self, version_directory: Path) -> None:
        """Write the file that `load` reads."""
        exported.write(self, version_directory / FILE_NAME)

    @property
    def channels(self) -> int:
        """Of the maps."""
        return CHANNELS[self.decoder]

    @property
    def overhang(self) -> float:
        """How far boxes reach beyond both ends of their text, in heights of a box.

        A long box of height h is widened by h × ratio / 2 on every side (see db.py): to 1 + ratio times its height.
        """
        return 0.5 * self.unclip_ratio / (1 + self.unclip_ratio) + BLUR[self.decoder]

    def side_px(self, wanted_px: float) -> int:
        """The side of an input that comes next to a wanted one, pixels."""
        count = min(round(wanted_px / self.side_multiple_px), self.max_side_px // self.side_multiple_px)
        return max(1, count) * self.side_multiple_px

    def with_options(self, options: Options) -> "Detector":
        """The detector with the thresholds that a request asks for in the place of its own."""
        own = {field.name for field in dataclasses.fields(self)}
        wanted = {name: value for name, value in dataclasses.asdict(options).items() if value is not None}
        return dataclasses.replace(self, **{name: wanted[name] for name in own & wanted.keys()})

    def check(self, maps: FloatArray) -> None:
        """Check that maps, (channels, height, width), are such as this detector's decoder takes.

        Raises:
            ModelMismatch: They have another number of channels, scores that are none, or distances of no page.
        """
        if len(maps) != self.channels:
            raise ModelMismatch(
                f"the detector gives maps of {len(maps)} channels, its decoder {self.decoder} takes {self.channels}; "
                f"{FILE_NAME} and the model are not of one export"
            )
        # What is no number is in no range.
        if not (maps[0].min() >= 0 and maps[0].max() <= MAX_SCORE):
            raise ModelMismatch("the detector gives scores outside 0 … 1")
        if len(maps) > 1 and not np.abs(maps[1:]).max() <= MAX_DISTANCE_PX:
            raise ModelMismatch(f"the detector gives distances beyond {MAX_DISTANCE_PX} pixels")
