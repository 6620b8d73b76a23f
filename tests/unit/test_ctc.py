"""What a CTC recognizer says per time step → text."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from ocr_core import ctc
from ocr_core.options import Options

ALPHABET = ["", "a", "b", "字", " "]
SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=12)


def naive(indices: list[int], confidences: list[float]) -> tuple[str, float]:
    """Best path decoding of one line, word for word after the paper: merge repeats, then remove blanks."""
    steps = list(zip(indices, confidences, strict=True))
    runs = [next(run) for _, run in groupby(steps, key=lambda step: step[0])]
    letters = [(ALPHABET[index], confidence) for index, confidence in runs if index != 0]
    mean = sum(confidence for _, confidence in letters) / len(letters) if letters else 0.0
    return "".join(letter for letter, _ in letters).strip(), mean


@pytest.mark.parametrize(
    ("indices", "confidences", "text", "confidence"),
    [
        ([1, 2], [0.9, 0.7], "ab", 0.8),
        ([1, 1, 1], [0.9, 0.2, 0.1], "a", 0.9),
        ([1, 0, 1], [0.9, 0.2, 0.7], "aa", 0.8),
        ([0, 0, 3], [0.1, 0.1, 0.6], "字", 0.6),
        ([1, 4, 2], [0.3, 0.6, 0.9], "a b", 0.6),
        ([4, 1, 4], [0.9, 0.6, 0.9], "a", 0.8),
        ([4, 0, 4], [0.9, 0.6, 0.9], "", 0.9),
        ([0, 0], [0.9, 0.9], "", 0),
        ([], [], "", 0),
    ],
)
def test_repeats_collapse_blanks_go_and_the_mean_is_over_characters(
    indices: list[int], confidences: list[float], text: str, confidence: float
) -> None:
    texts, means = ctc.decode(np.array([indices], np.int32), np.array([confidences], np.float32), ALPHABET)
    assert texts == [text]
    assert means.dtype == np.float32
    np.testing.assert_allclose(means, [confidence], rtol=1e-6)


@given(data=st.data(), shape=SHAPES)
def test_decoding_agrees_with_a_naive_decoder(data: st.DataObject, shape: tuple[int, int]) -> None:
    indices = data.draw(arrays.arrays(np.int32, shape, elements=st.integers(0, len(ALPHABET) - 1)))
    confidences = data.draw(arrays.arrays(np.float32, shape, elements=st.floats(0, 1, width=32)))
    texts, means = ctc.decode(indices, confidences, ALPHABET)
    expected = [naive(*line) for line in zip(indices.tolist(), confidences.tolist(), strict=True)]
    assert texts == [text for text, _ in expected]
    np.testing.assert_allclose(means, [mean for _, mean in expected], rtol=1e-5, atol=1e-6)


NUMERIC = ["", " ", *"0123456789,.x:w@"]


@pytest.mark.parametrize(
    ("written", "sure", "text"),
    [
        ("1, 280", 0.9, "1,280"),
        ("1, 280", 0.95, "1, 280"),
        ("54. 56", 0.5, "54.56"),
        ("1, 2024", 0.9, "1, 2024"),
        ("1, 28", 0.9, "1, 28"),
        ("12 14:30", 0.9, "12 14:30"),
        ("x. 56", 0.9, "x. 56"),
        ("1. 2. 3", 0.9, "1.2.3"),
        ("x@ x.x", 0.9, "x@x.x"),
        ("x@ x.x", 0.95, "x@ x.x"),
        ("2 @ 5.00", 0.9, "2 @ 5.00"),
        ("x@ 5.00", 0.9, "x@ 5.00"),
        ("www. x.x", 0.9, "www.x.x"),
    ],
)
def test_a_space_inside_a_number_or_an_address_must_be_sure(written: str, sure: float, text: str) -> None:
    indices = np.array([[step for letter in written for step in (NUMERIC.index(letter), 0)]], np.int32)
    confidences = np.where(indices == NUMERIC.index(" "), np.float32(sure), np.float32(1))
    assert ctc.decode(indices, confidences, NUMERIC)[0] == [text]


def test_lines_of_several_calls_return_to_their_order() -> None:
    """Lines 1 and 3 went into one call of two time steps, lines 2 and 0 into one of three."""
    calls = [np.array([1, 3], np.int32), np.array([2, 0], np.int32)]
    outputs: list[list[NDArray[np.generic]]] = [
        [np.array([[1, 2], [0, 0]], np.int32), np.array([[0.5, 0.5], [1, 1]], np.float32)],
        [np.array([[3, 0, 0], [2, 2, 0]], np.int32), np.array([[0.75, 1, 1], [0.25, 1, 1]], np.float32)],
    ]
    texts, confidences = ctc.decode_calls(calls, outputs, ALPHABET)
    assert texts.tolist() == ["b", "ab", "字", ""]
    assert confidences.tolist() == [0.25, 0.5, 0.75, 0]


def test_without_calls_there_are_no_lines() -> None:
    texts, confidences = ctc.decode_calls([], [], ALPHABET)
    assert (texts.shape, texts.dtype.name) == ((0,), "object")
    assert (confidences.shape, confidences.dtype.name) == ((0,), "float32")
    assert ctc.is_readable(texts, confidences, Options()).shape == (0,)


@pytest.mark.parametrize(
    ("min_confidence", "readable"),
    [(0, [False, True, True, True]), (0.5, [False, False, True, True]), (1, [False, False, False, True])],
)
def test_a_line_is_readable_with_a_text_and_the_confidence_asked_for(
    min_confidence: float, readable: list[bool]
) -> None:
    texts = np.array(["", "a", "b", "c"], np.object_)
    confidences = np.array([1, 0.25, 0.5, 1], np.float32)
    assert ctc.is_readable(texts, confidences, Options(min_confidence=min_confidence)).tolist() == readable
