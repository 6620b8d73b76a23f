"""Lines read in the direction in which they make sense, with a recognizer that knows what is on its crops.

A crop of the tests has the number of its line as the brightness of its first row; turned by half, of its last. What is
read there is given for both ways, and of a part of a crop the same as of the whole.
"""

import numpy as np
import pytest

from ocr_core import orientation, reading
from ocr_core.crops import IntArray
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray
from ocr_core.reading import Lines, Reading

WIDTH, HEIGHT = 200, 10
Said = tuple[str, float]


class Recognizer:
    """Reads line n as `ways[n][0]` if it lies as it was cut, and as `ways[n][1]` if it is turned.

    Attributes:
        asked: How many lines were read in each call.
        widths: Of the widest crop of each call.
    """

    def __init__(self, ways: list[tuple[Said, Said]]) -> None:
        self.ways = ways
        self.asked: list[int] = []
        self.widths: list[int] = []

    def __call__(self, strip: RgbArray, widths: IntArray) -> Reading:
        """Read crops."""
        self.asked.append(len(widths))
        self.widths.append(int(widths.max(initial=0)))
        read = [self._read(crop) for crop in np.split(strip, np.cumsum(widths), axis=1)[: len(widths)]]
        said = np.array([text for text, _ in read], object)
        return Reading(said, np.array([c for _, c in read], np.float32), steps=said)

    def _read(self, crop: RgbArray) -> Said:
        lies, stands = crop[0, 0, 0], crop[-1, -1, 0]
        return self.ways[int(max(lies, stands)) - 1][0 if lies else 1]


def strip(count: int) -> tuple[RgbArray, IntArray]:
    picture = np.zeros((HEIGHT, WIDTH * count, 3), np.uint8)
    picture[0] = np.repeat(np.arange(1, count + 1), WIDTH)[:, None]
    return picture, np.full(count, WIDTH, np.int32)


def boxes(count: int) -> FloatArray:
    """Lines one below the other, upright."""
    return np.array([[[0, y], [80, y], [80, y + 10], [0, y + 10]] for y in range(0, 20 * count, 20)], np.float32)


def read(
    ways: list[tuple[Said, Said]], quads: FloatArray | None = None, option: str = "auto"
) -> tuple[Lines, list[int]]:
    """The page's lines, and how many were read in each call."""
    recognizer, count = Recognizer(ways), len(ways)
    quads = boxes(count) if quads is None else quads
    scores = np.linspace(1, 0.9, count, dtype=np.float32)
    blocks = np.arange(count, dtype=np.int32)
    options = Options(orientation=option)
    return reading.read(*strip(count), quads, scores, blocks, recognizer, options), recognizer.asked


UPRIGHT: tuple[Said, Said] = ("upright", 0.99), ("3d!s", 0.5)
HEADSTAND: tuple[Said, Said] = ("3d!s", 0.5), ("upright", 0.99)
FAINT: tuple[Said, Said] = ("faint", 0.7), ("+u!ej", 0.4)


def texts(lines: Lines) -> list[str]:
    """What the lines say; what they were read from always comes with them."""
    assert lines.reading.steps.tolist() == lines.reading.texts.tolist()
    return [str(text) for text in lines.reading.texts]


def test_an_upright_page_is_read_once() -> None:
    lines, asked = read([UPRIGHT] * 20)
    assert (texts(lines), lines.angle, asked) == (["upright"] * 20, 0, [20])
    assert lines.places.tolist() == list(range(20))
    assert not lines.turned.any()


def test_a_page_on_its_head_is_read_again_from_its_end() -> None:
    ways = [(("3d!s", 0.5), (f"line {number}", 0.9)) for number in range(20)]
    lines, asked = read(ways)
    assert (lines.angle, asked) == (180, [20, reading.PROBES, reading.PROBES, 20 - reading.PROBES])
    assert texts(lines) == [f"line {number}" for number in range(19, -1, -1)]
    assert lines.places.tolist() == list(range(19, -1, -1))
    assert lines.scores.tolist() == np.linspace(1, 0.9, 20, dtype=np.float32)[::-1].tolist()
    np.testing.assert_array_equal(lines.quads, orientation.turn_text_by_half(boxes(20))[::-1])
    assert lines.turned.all()


@pytest.mark.parametrize(("angle", "provisional"), [(90, 90), (270, 90)])
def test_a_page_on_its_side_is_read_downwards_and_then_upwards(angle: int, provisional: int) -> None:
    """Its lines come in the order of the first case, and as if it were that."""
    ways = [UPRIGHT if angle == provisional else HEADSTAND] * 4
    lines, _ = read(ways, orientation.turn(boxes(4), -provisional))
    assert (texts(lines), lines.angle) == (["upright"] * 4, angle)
    upright = orientation.turn(lines.quads, angle)
    assert (upright[:, 1, 0] > upright[:, 0, 0]).all()  # to the right
    assert (np.diff(upright[:, 0, 1]) > 0).all()  # from top to bottom


def test_a_page_that_is_not_surer_on_its_head_is_left_as_it_is() -> None:
    """It costs a glimpse at a few lines."""
    lines, asked = read([FAINT] * 20)
    assert (texts(lines), lines.angle, asked) == (["faint"] * 20, 0, [20, reading.PROBES])


def test_a_page_on_its_side_follows_the_surer_way_even_if_it_is_little_surer() -> None:
    """It may as well lie on the one side as on the other."""
    ways: list[tuple[Said, Said]] = [(("j3;m", 0.62), ("weak", 0.68))] * 3
    assert read(ways, orientation.turn(boxes(3), -90))[0].angle == 270
    assert read(ways)[0].angle == 0


def test_what_is_no_text_either_way_does_not_blur_what_the_others_say() -> None:
    picture: tuple[Said, Said] = ("|", 0.6), ("", 0.0)
    lines, _ = read([HEADSTAND, *[picture] * 7])
    assert lines.angle == 180


def test_a_page_that_makes_no_sense_on_its_head_either_is_left_as_it_is() -> None:
    lines, _ = read([(("j3;m", 0.4), ("w:Ej", 0.6))] * 3)
    assert lines.angle == 0


def test_the_angle_is_that_of_the_text_which_is_surely_read() -> None:
    """A few boxes of what is no text lie level; the text runs downwards."""
    level, downwards = boxes(3), orientation.turn(boxes(2), -90) + np.float32(200)
    lines, _ = read([FAINT, FAINT, FAINT, UPRIGHT, UPRIGHT], np.concatenate([level, downwards]))
    assert lines.angle == 90


def test_lines_of_few_letters_say_nothing_about_a_page() -> None:
    """Each of them may be read either way."""
    lines, _ = read([(("SOS", 0.99), ("SOS", 0.98)), *[HEADSTAND] * 4])
    assert lines.angle == 180


def test_a_line_against_its_page_is_turned_by_itself() -> None:
    lines, asked = read([UPRIGHT, (("+su!e6e", 0.6), ("against", 0.9)), UPRIGHT, UPRIGHT, UPRIGHT])
    assert (texts(lines), lines.angle, asked) == (["upright", "against", *["upright"] * 3], 0, [5, 1, 1])
    np.testing.assert_array_equal(lines.quads[1], np.roll(boxes(5)[1], 2, axis=0))
    np.testing.assert_array_equal(lines.quads[[0, 2, 3, 4]], boxes(5)[[0, 2, 3, 4]])
    assert lines.turned.tolist() == [False, True, False, False, False]


@pytest.mark.parametrize(("others", "asked"), [(1, [2]), (2, [3, 1, 1]), (3, [4, 1, 1])])
def test_a_single_line_against_a_page_of_few_lines_is_turned_too(others: int, asked: list[int]) -> None:
    lines, asked_for = read([*[UPRIGHT] * others, (("+su!e6e", 0.78), ("against", 0.95))])
    assert asked_for == asked
    assert texts(lines)[-1] == ("against" if others > 1 else "+su!e6e")


def test_a_line_that_is_not_surer_the_other_way_stays() -> None:
    lines, asked = read([UPRIGHT, FAINT, UPRIGHT, UPRIGHT, UPRIGHT])
    assert (texts(lines)[1], asked) == ("faint", [5, 1])


def test_a_line_is_first_glimpsed_at_the_other_way_and_read_whole_only_if_that_is_surer() -> None:
    for ways, widths in ((FAINT, []), (HEADSTAND, [WIDTH])):
        recognizer, scores, blocks = Recognizer([ways, *[UPRIGHT] * 4]), np.ones(5, np.float32), np.zeros(5, np.int32)
        reading.read(*strip(5), boxes(5), scores, blocks, recognizer, Options())
        assert recognizer.widths == [WIDTH, reading.GLIMPSE_PX, *widths]


def test_what_the_detector_is_not_sure_of_is_not_tried_the_other_way() -> None:
    recognizer, scores = Recognizer([HEADSTAND, *[UPRIGHT] * 4]), np.full(5, 0.6, np.float32)
    lines = reading.read(*strip(5), boxes(5), scores, np.zeros(5, np.int32), recognizer, Options())
    assert (recognizer.asked, lines.turned.tolist()) == ([5], [False] * 5)


def test_a_line_of_few_letters_for_its_length_is_tried_however_surely_they_are_read() -> None:
    assert reading.DOUBTFUL < 0.85
    lines, _ = read([UPRIGHT, (("s  s", 0.85), ("letters", 0.99)), UPRIGHT, UPRIGHT, UPRIGHT])
    assert texts(lines)[1] == "letters"


def test_where_many_lines_are_unsure_none_is_tried_the_other_way() -> None:
    assert read([UPRIGHT, FAINT, FAINT, UPRIGHT, UPRIGHT])[1] == [5]


def test_a_line_against_a_page_on_its_head_is_not_read_a_third_time() -> None:
    lines, asked = read([HEADSTAND, (("against", 0.9), ("+su!e6e", 0.6)), *[HEADSTAND] * 4])
    assert lines.turned.tolist() == [text != "against" for text in texts(lines)]
    assert "against" in texts(lines)
    assert (lines.angle, asked) == (180, [6, 6, 6])


def test_a_line_across_its_page_is_tried_upwards_unless_it_is_surely_read_downwards() -> None:
    across = np.concatenate([boxes(2), orientation.turn(boxes(1), -90) + np.float32(200)])
    lines, asked = read([UPRIGHT, UPRIGHT, (("doubt", 0.8), ("upwards", 0.95))], across)
    assert (texts(lines)[2], lines.angle, asked) == ("upwards", 0, [3, 1, 1])
    lines, asked = read([UPRIGHT, UPRIGHT, (("downwards", 0.95), ("doubt", 0.8))], across)
    assert (texts(lines)[2], asked) == ("downwards", [3])


def test_a_blank_box_across_its_page_is_not_tried() -> None:
    across = np.concatenate([boxes(2), orientation.turn(boxes(1), -90) + np.float32(200)])
    assert read([UPRIGHT, UPRIGHT, (("", 0.0), ("", 0.0))], across)[1] == [3]


def test_a_short_box_is_not_turned() -> None:
    short = boxes(5)
    short[1, 1:3, 0] = 20
    assert read([UPRIGHT, (("606!", 0.3), ("1909", 0.9)), UPRIGHT, UPRIGHT, UPRIGHT], short)[1] == [5]


@pytest.mark.parametrize(("option", "angle", "asked"), [("off", 0, [5]), ("0", 0, [5, 1, 1]), ("180", 180, [5, 1, 1])])
def test_of_a_page_whose_angle_is_given_lines_may_be_turned_but_not_with_off(
    option: str, angle: int, asked: list[int]
) -> None:
    lines, calls = read([(("+su!e6e", 0.6), ("against", 0.9)), *[UPRIGHT] * 4], option=option)
    assert (texts(lines)[0], lines.angle, calls) == ("+su!e6e" if option == "off" else "against", angle, asked)


@pytest.mark.parametrize("option", ["off", "0"])
def test_a_page_whose_angle_is_given_is_not_turned(option: str) -> None:
    lines, calls = read([HEADSTAND] * 6, option=option)
    assert (texts(lines), lines.angle, calls) == (["3d!s"] * 6, 0, [6])


@pytest.mark.parametrize("option", ["auto", "off", "90"])
def test_a_page_without_text_has_no_lines(option: str) -> None:
    lines, asked = read([], np.zeros((0, 4, 2), np.float32), option)
    assert (texts(lines), lines.quads.shape, asked) == ([], (0, 4, 2), [0])
    assert lines.angle == (90 if option == "90" else 0)


def test_a_page_on_its_head_is_put_in_order_as_far_as_its_text_reaches() -> None:
    """Two columns whose boxes overlap, because each is longer than its text."""
    ways = [(("3d!s", 0.5), (f"line {number}", 0.9)) for number in range(8)]
    rows = [(x, y) for y in range(0, 80, 20) for x in (0, 150)]
    columns = np.array([[[x, y], [x + 155, y], [x + 155, y + 10], [x, y + 10]] for x, y in rows], np.float32)
    recognizer = Recognizer(ways)
    blocks = np.array([0, 1] * 4, np.int32)
    lines = reading.read(*strip(8), columns, np.zeros(8, np.float32), blocks, recognizer, Options(), 0.9)
    assert lines.places.tolist() == [7, 5, 3, 1, 6, 4, 2, 0]
    assert lines.blocks.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


HEBREW: tuple[Said, Said] = ("שלום עולם", 0.99), ("3d!s", 0.5)
# Two columns of three lines, row by row.
COLUMNS = np.array([[[x, y], [x + 90, y], [x + 90, y + 10], [x, y + 10]] for y in (0, 14, 28) for x in (0, 130)], "f4")


@pytest.mark.parametrize("option", ["auto", "off", "0"])
def test_a_page_from_right_to_left_begins_with_its_right_column(option: str) -> None:
    lines, asked = read([HEBREW] * 5 + [UPRIGHT], COLUMNS, option)
    assert (lines.places.tolist(), lines.blocks.tolist()) == ([1, 3, 5, 0, 2, 4], [0, 0, 0, 1, 1, 1])
    assert (lines.angle, asked) == (0, [6])
    np.testing.assert_array_equal(lines.quads, COLUMNS[lines.places])


def test_a_page_on_its_head_from_right_to_left_begins_with_what_is_its_right_column_then() -> None:
    ways: list[tuple[Said, Said]] = [(HEBREW[1], HEBREW[0])] * 6
    lines, _ = read(ways, COLUMNS)
    assert (lines.places.tolist(), lines.angle) == ([4, 2, 0, 5, 3, 1], 180)


def test_a_few_words_from_right_to_left_do_not_turn_the_order_of_a_page() -> None:
    assert read([HEBREW, *[UPRIGHT] * 5], COLUMNS)[0].places.tolist() == list(range(6))
