"""Whatever a network gives, the steps after it end with finite numbers in their ranges, or say what does not fit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from ocr_core import detection
from ocr_core.detector import MAX_DISTANCE_PX, MAX_SCORE, Detector
from ocr_core.errors import ModelMismatch
from ocr_core.options import Options
from ocr_core.reading_order import reading_order
from tests.unit.asking import DB, EAST

Maps = NDArray[np.float32]
ANY_FLOAT = st.floats(width=32)
SPECIAL = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, -1e30, np.nan, np.inf, -np.inf])
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))
OPTIONS = st.builds(
    Options,
    map_threshold=st.none() | st.floats(0, 1),
    quad_threshold=st.none() | st.floats(0, 1),
    unclip_ratio=st.none() | st.floats(0, 5),
)


@st.composite
def maps(draw: Any, channels: int) -> Maps:
    """Noise, with numbers here and there that no network should give."""
    height, width = draw(SHAPES)
    noise = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([0.0, 0.3, 100.0]))
    made = noise.normal(0.5, spread, (channels, height, width)).astype(np.float32)
    if draw(st.booleans()):
        made[0] = made[0].clip(0, 1)
    for _ in range(draw(st.integers(0, 6))):
        where = tuple(draw(st.integers(0, side - 1)) for side in made.shape)
        made[where] = draw(SPECIAL)
    return made


@pytest.mark.parametrize("detector", [DB, EAST], ids=["db", "east"])
@given(data=st.data(), options=OPTIONS, page_size=st.tuples(st.integers(1, 32_000), st.integers(1, 32_000)))
def test_quads_are_finite_and_scores_probabilities_whatever_the_maps(
    detector: Detector, data: Any, options: Options, page_size: tuple[int, int]
) -> None:
    given_maps = data.draw(maps(detector.channels))
    try:
        found, scores = detection.decode(given_maps, page_size, detector, options)
    except ModelMismatch:
        scores, distances = given_maps[0], given_maps[1:]
        assert not ((scores >= 0) & (scores <= MAX_SCORE)).all() or not (np.abs(distances) <= MAX_DISTANCE_PX).all()
        return
    assert found.shape == (len(scores), 4, 2)
    assert np.isfinite(found).all()
    assert ((scores >= 0) & (scores <= MAX_SCORE)).all()


@given(quads=arrays.arrays(np.float32, st.tuples(st.integers(0, 30), st.just(4), st.just(2)), elements=ANY_FLOAT))
def test_each_quad_is_read_once_wherever_it_lies(quads: Maps) -> None:
    with np.errstate(all="ignore"):
        assert sorted(reading_order(quads)) == list(range(len(quads)))
