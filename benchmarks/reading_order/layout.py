"""A layout: a named way to set a page, and the styles that it is set in."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.reading_order.sheet import AILERON, Sheet, Style


@dataclass(frozen=True)
class Layout:
    """A way to set a page.

    Attributes:
        name: What it is.
        set: Sets a page of random words.
        angles_deg: Pages lie askew by one of these.
    """

    name: str
    set: Callable[[np.random.Generator, Style], Sheet]


# Fonts, ems in pixels, pitches: those that the rules were made on, and others.
DEVELOPMENT = (AILERON, "DejaVuSerif"), (20.0, 24.0, 28.0), (1.22, 1.3, 1.4)
HELD_OUT = ("STIXGeneral", "DejaVuSans", AILERON), (18.0, 22.0, 31.0), (1.18, 1.28, 1.36, 1.5)


def page(layout: Layout, seed: int, *, held_out: bool = False) -> Sheet:
    """The layout's page of a seed: the same for ever, as long as fonts are."""
    random = np.random.default_rng([seed, held_out, *layout.name.encode()])
    fonts, sizes, pitches = HELD_OUT if held_out else DEVELOPMENT
    style = Style(
        str(random.choice(fonts)), float(random.choice(sizes)), float(random.choice(pitches)), bool(random.integers(2))
    )
    return layout.set(random, style)
