"""Words and characters: parted by spaces and scripts, placed on their ink, given only to those who ask."""

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from ocr_core import answers, crops, ctc, orientation, words
from ocr_core.ctc import Character, Steps
from ocr_core.ink import find_ink
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_core.reading import Lines, Reading
from tests.unit.asking import recognizer

HEIGHT, STEP_PX = 48, 8
ALPHABET = ["", "a", "b", " ", "字", "\u0301"]
A, B, SPACE, HAN, ACUTE = range(1, 6)
PAPER, INK = 230, 20


def crop(*letters: tuple[int, int, int, int], width: int = 160, paper: int = PAPER, ink: int = INK) -> RgbArray:
    """A line with a bar of ink for each letter: left, top, right, bottom."""
    drawn = np.full((HEIGHT, width, 3), paper, np.uint8)
    for left, top, right, bottom in letters:
        drawn[top:bottom, left:right] = ink
    return drawn


def line(*said: tuple[str, float]) -> list[Character]:
    return [Character(text, centre_px, 0.5) for text, centre_px in said]


def boxes(said: list[Character], drawn: RgbArray) -> list[list[float]]:
    return [word.box.tolist() for word in words.locate(said, find_ink(drawn), characters=False)]


TWO_WORDS = line(("a", 24), ("b", 44), (" ", 64), ("a", 100))
TWO_INKS = [(16, 10, 32, 38), (36, 18, 50, 42), (90, 18, 112, 38)]


@pytest.mark.parametrize(("paper", "ink"), [(PAPER, INK), (INK, PAPER), (200, 120)])
def test_a_words_box_is_that_of_its_ink_whatever_the_colours(paper: int, ink: int) -> None:
    assert boxes(TWO_WORDS, crop(*TWO_INKS, paper=paper, ink=ink)) == [[16, 10, 50, 42], [90, 18, 112, 38]]


def test_so_is_a_characters() -> None:
    (word, _) = words.locate(TWO_WORDS, find_ink(crop(*TWO_INKS)), characters=True)
    assert word.boxes.tolist() == [[16, 10, 32, 38], [36, 18, 50, 42]]


def test_words_from_right_to_left_come_in_the_order_of_reading_each_with_its_own_ink() -> None:
    said = line(("א", 100), (" ", 64), ("ב", 44), ("ג", 24))
    first, second = words.locate(said, find_ink(crop(*TWO_INKS)), characters=True)
    assert [first.box.tolist(), second.box.tolist()] == [[90, 18, 112, 38], [16, 10, 50, 42]]
    assert second.boxes.tolist() == [[36, 18, 50, 42], [16, 10, 32, 38]]


def test_a_full_stop_that_is_seen_too_late_has_its_own_ink() -> None:
    said = line(("a", 24), ("b", 46), (" ", 64), ("a", 100))
    (word, _) = words.locate(said, find_ink(crop((16, 10, 32, 38), (36, 34, 40, 38), TWO_INKS[2])), characters=True)
    assert word.boxes.tolist() == [[16, 10, 32, 38], [36, 34, 40, 38]]


@pytest.mark.parametrize("offset_px", [-8, 8])
def test_a_recognizer_that_sees_letters_a_step_too_early_or_late_does_no_harm(offset_px: int) -> None:
    shifted = [Character(each.text, each.centre_px + offset_px, 1) for each in TWO_WORDS]
    assert boxes(shifted, crop(*TWO_INKS)) == boxes(TWO_WORDS, crop(*TWO_INKS))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((0, 43, 160, 46), id="an underline"),
        pytest.param((0, 0, 160, 3), id="a rule above"),
        pytest.param((150, 0, 153, 48), id="the side of a frame"),
        pytest.param((60, 0, 76, 8), id="a letter of the line above"),
        pytest.param((20, 44, 60, 48), id="a letter of the line below"),
        pytest.param((66, 41, 84, 44), id="the start of a line to write on"),
    ],
)
def test_what_is_no_letter_of_the_line_is_no_part_of_a_word(other: tuple[int, int, int, int]) -> None:
    assert boxes(TWO_WORDS, crop(*TWO_INKS, other)) == boxes(TWO_WORDS, crop(*TWO_INKS))


def test_touching_letters_are_cut_where_the_stroke_is_thinnest() -> None:
    drawn = crop((16, 10, 60, 40), (36, 10, 40, 10))
    drawn[10:36, 37:40] = PAPER
    (word,) = words.locate(line(("a", 24), ("b", 52)), find_ink(drawn), characters=True)
    assert 37 <= word.boxes[0][2] <= 40
    assert word.boxes[0][2] <= word.boxes[1][0]


def test_without_contrast_words_stand_where_the_recognizer_saw_them() -> None:
    first, second = boxes(TWO_WORDS, crop())
    assert first[0] <= 24 < 44 <= first[2] <= 100 <= second[2]
    assert [first[1], first[3]] == pytest.approx([0.15 * HEIGHT, 0.85 * HEIGHT])


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("ab a", ["ab", "a"]),
        ("字体", ["字", "体"]),
        ("第1章 ab", ["第", "1", "章", "ab"]),
        ("ひらカナ", ["ひ", "ら", "カ", "ナ"]),
        ("한국어 a", ["한국어", "a"]),
        ("a\u3000b", ["a", "b"]),
        ("café!", ["café!"]),
    ],
)
def test_words_are_parted_at_spaces_and_round_ideographs(text: str, parted: list[str]) -> None:
    found = words.split([Character(letter, 0, 1) for letter in text])
    assert ["".join(character.text for character in word) for word in found] == parted


def steps(*row: int) -> Steps:
    """What the recognizer says of a line: twenty steps of eight pixels."""
    indices = np.zeros(20, np.int32)
    indices[: len(row)] = row
    return Steps(indices, np.linspace(0.5, 0.975, 20, dtype=np.float32), STEP_PX)


FIRST = [0, 0, A, 0, 0, B, 0, SPACE, 0, 0, 0, 0, HAN, HAN, 0]
SECOND = [0, 0, A, ACUTE, 0, 0]
QUADS = np.array(
    [
        [[0, 0], [160, 0], [160, 48], [0, 48]],
        [[0, 50], [9, 50], [9, 60], [0, 60]],
        [[60, 100], [60, 180], [36, 180], [36, 100]],
    ],
    np.float32,
)


def outputs(options: Options) -> dict[str, NDArray[Any]]:
    """Of three lines, of which the second one cannot be read and the third one is half as high and runs down."""
    return answer([steps(*FIRST), steps(), steps(*SECOND)], ["ab 字", "", "á"], options)


def answer(
    said: list[Steps], texts: list[str], options: Options, *, turned: bool = False, places: tuple[int, ...] = (0, 1, 2)
) -> dict[str, NDArray[Any]]:
    """What the last step gives of the three lines, whose crops are at these places of the strip."""
    drawn = [crop(*TWO_INKS), crop(), crop((12, 10, 28, 38))]
    cut = {place: each[::-1, ::-1] if turned else each for place, each in zip(places, drawn, strict=True)}
    strip = np.concatenate([cut[place] for place in range(3)], axis=1)
    confidences = np.array([0.9 if text else 0 for text in texts], np.float32)
    read = Reading(np.array(texts, object), confidences, np.array(said, object))
    blocks = np.zeros(3, np.int32)
    lines = Lines(read, QUADS, np.ones(3, np.float32), blocks, np.array(places), np.full(3, turned), 0)
    told = answers.of_page(
        *(lines, strip, np.array([160] * 3, np.int32), ALPHABET, options),
        detected_bends=np.zeros((3, 2), np.float32),
        read_size=np.array([200, 200], np.int32),
        read_scale=np.ones(1, np.float32),
        moments_ns=np.zeros(0, np.int64),
    )
    return {name: array for name, array in told.items() if name.startswith(("word_", "character_"))}


def test_words_and_characters_know_where_they_belong() -> None:
    told = outputs(Options(characters=True))
    assert told["word_texts"].tolist() == ["ab", "字", "a\u0301"]
    assert told["word_lines"].tolist() == [0, 0, 1]  # of the lines that are given
    assert told["character_texts"].tolist() == ["a", "b", "字", "a\u0301"]
    assert told["character_words"].tolist() == [0, 0, 1, 2]


def test_confidences_are_of_the_steps_that_gave_the_characters() -> None:
    told = outputs(Options(characters=True))
    steps = np.linspace(0.5, 0.975, 20)
    np.testing.assert_allclose(told["character_confidences"], steps[[2, 5, 12, 2]], rtol=1e-5)
    np.testing.assert_allclose(told["word_confidences"], [steps[[2, 5]].mean(), steps[12], steps[2]], rtol=1e-5)


def test_quads_are_in_the_image_and_start_at_the_texts_top_left() -> None:
    told = outputs(Options(words=True))
    upright = [[16, 10], [50, 10], [50, 42], [16, 42]]
    np.testing.assert_allclose(told["word_quads"][0], upright, atol=0.5)
    # A pixel of this crop is half a pixel of the image, and has its centre at that of the image's pixel.
    downwards = [[55.75, 106.25], [55.75, 114.25], [41.75, 114.25], [41.75, 106.25]]
    np.testing.assert_allclose(told["word_quads"][2], downwards, atol=0.5)


@pytest.mark.parametrize("options", [Options(words=True), Options(characters=True)])
def test_crops_that_were_turned_or_put_into_another_order_give_the_same(options: Options) -> None:
    said, texts = [steps(*FIRST), steps(), steps(*SECOND)], ["ab 字", "", "á"]
    expected = outputs(options)
    elsewhere, turned = answer(said, texts, options, places=(2, 0, 1)), answer(said, texts, options, turned=True)
    for name, array in expected.items():
        np.testing.assert_array_equal(elsewhere[name], array)
        if name.endswith("quads"):
            np.testing.assert_allclose(turned[name], array, atol=1.01)  # where a crop's first pixel is taken
        else:
            np.testing.assert_array_equal(turned[name], array)


def test_a_doubtful_space_inside_a_number_parts_no_word() -> None:
    alphabet, written = ["", *"1,280 "], "1, 280"
    row = [step for letter in written for step in (alphabet.index(letter), 0)]
    said = Steps(np.array(row, np.int32), np.full(len(row), 0.9, np.float32), STEP_PX)
    assert ["".join(each.text for each in word) for word in words.split(ctc.align(said, alphabet))] == ["1,280"]


def test_what_is_not_asked_for_is_empty() -> None:
    nothing, only_words = outputs(Options()), outputs(Options(words=True))
    assert {name: len(array) for name, array in nothing.items()} == dict.fromkeys(nothing, 0)
    assert [len(only_words[name]) for name in ("word_quads", "character_quads")] == [3, 0]
    for name, array in nothing.items():
        assert array.dtype == outputs(Options(characters=True))[name].dtype
        assert array.shape[1:] == only_words[name].shape[1:]


def test_a_page_without_lines_has_none() -> None:
    told = words.outputs([], ALPHABET, Options(words=True))
    assert told["word_quads"].shape == (0, 4, 2)


@pytest.mark.parametrize(
    "corners",
    [
        pytest.param([[20, 30], [220, 30], [220, 78], [20, 78]], id="level"),
        pytest.param([[30, 40], [220, 100], [205, 148], [15, 88]], id="turned"),
        pytest.param([[40, 30], [230, 60], [225, 120], [30, 70]], id="in perspective"),
        pytest.param([[220, 200], [20, 200], [20, 150], [220, 150]], id="upside down"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_word_is_placed_where_the_crop_was_cut_from(corners: list[list[float]], turned: bool) -> None:
    quad = np.array(corners, np.float32)
    whole = np.array([[0, 0], [200, 0], [200, 48], [0, 48]], np.float32)
    truth = cv2.perspectiveTransform(
        np.array([[[40, 10], [90, 10], [90, 40], [40, 40]]], np.float32), cv2.getPerspectiveTransform(whole, quad)
    )[0]
    page = np.full((260, 260, 3), PAPER, np.uint8)
    cv2.fillConvexPoly(page, np.rint(truth * 16).astype(np.int32), (INK,) * 3, shift=4)
    cut_out = orientation.turn_text_by_half(quad[None]) if turned else quad[None]
    strip, widths = crops.cut(page, cut_out, recognizer(min_width=200, max_width=200))
    if turned:
        strip, widths = crops.turned_by_half(strip, widths, np.array([0]))
    (box,) = boxes(line(("a", 52), ("b", 78)), strip)
    placed = crops.place(np.array([box], np.float32), quad, int(widths[0]), HEIGHT, turned=turned)
    np.testing.assert_allclose(placed[0], truth, atol=2.5)
    np.testing.assert_allclose(placed[0].mean(axis=0), truth.mean(axis=0), atol=0.75)


@given(
    indices=arrays.arrays(np.int32, st.tuples(st.integers(1, 3), st.just(20)), elements=st.integers(0, 5)),
    pixels=arrays.arrays(np.uint8, (HEIGHT, 30), elements=st.sampled_from([0, 90, 255])),
    corners=arrays.arrays(np.float32, (4, 2), elements=st.integers(0, 60)),
    bend=arrays.arrays(np.float32, 2, elements=st.integers(-60, 60)),
    turned=st.booleans(),
)
def test_anything_gives_as_many_boxes_as_characters_and_none_outside(
    indices: NDArray[np.int32],
    pixels: NDArray[np.uint8],
    corners: NDArray[np.float32],
    bend: NDArray[np.float32],
    turned: bool,
) -> None:
    drawn = np.tile(pixels[:, :, None], (1, 1, 3))
    said = [Steps(row, np.ones(len(row), np.float32), 8) for row in indices]
    texts, _ = ctc.decode(indices, np.ones(indices.shape, np.float32), ALPHABET)
    read = [words.Seen(each, drawn, corners, bend, turned) for each, text in zip(said, texts, strict=True) if text]
    told = words.outputs(read, ALPHABET, Options(characters=True))
    assert "".join(told["word_texts"]) == "".join("".join(texts).split()) == "".join(told["character_texts"])
    for name in ("word_quads", "character_quads"):
        assert ((told[name] >= corners.min(axis=0)) & (told[name] <= corners.max(axis=0))).all()
