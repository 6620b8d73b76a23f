"""What a request may ask for, and how mistakes are told."""

import dataclasses
import re
import time

import pytest

from ocr_core.errors import BadOption
from ocr_core.options import NAMES, Options


def test_each_option_has_a_range_or_choices_or_is_asked_for_or_not() -> None:
    assert list(NAMES) == [field.name for field in dataclasses.fields(Options)]


def test_without_parameters_the_defaults_apply() -> None:
    assert Options.from_parameters({}) == Options(
        map_threshold=None,
        quad_threshold=None,
        unclip_ratio=None,
        min_confidence=0.75,
        orientation="auto",
        words=False,
        characters=False,
    )


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"map_threshold": 0.25}, Options(map_threshold=0.25)),
        ({"quad_threshold": "0.25"}, Options(quad_threshold=0.25)),
        ({"Unclip-Ratio": "2"}, Options(unclip_ratio=2)),
        ({"min-confidence": 1, "MAP_THRESHOLD": 0}, Options(min_confidence=1, map_threshold=0)),
        ({"unclip_ratio": 5.0}, Options(unclip_ratio=5)),
        ({"Orientation": "OFF"}, Options(orientation="off")),
        ({"orientation": 90}, Options(orientation="90")),
        ({"orientation": 270.0}, Options(orientation="270")),
        ({"orientation": "180", "Orientation": 180}, Options(orientation="180")),
        ({"words": True, "characters": 0}, Options(words=True)),
        ({"Words": "true", "Characters": "1"}, Options(words=True, characters=True)),
        ({"words": 1.0, "characters": False}, Options(words=True)),
        ({"sequence_id": 7, "x-request-id": "a", "threshold": "high"}, Options()),
    ],
)
def test_options_come_as_parameters_or_headers_and_what_is_none_passes(
    parameters: dict[str, object], expected: Options
) -> None:
    assert Options.from_parameters(parameters) == expected


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"quad_threshold": 1.5}, "quad_threshold is 1.5; it must be between 0 and 1"),
        ({"min_confidence": -0.1}, "min_confidence is -0.1; it must be between 0 and 1"),
        ({"map_threshold": 2}, "map_threshold is 2; it must be between 0 and 1"),
        ({"Unclip-Ratio": "5.1"}, "unclip_ratio is 5.1; it must be between 0 and 5"),
        ({"unclip_ratio": "inf"}, "unclip_ratio is inf; it must be between 0 and 5"),
        ({"unclip_ratio": "nan"}, "unclip_ratio is nan; it must be between 0 and 5"),
        ({"map_threshold": "high"}, "map_threshold is 'high'; it must be a number"),
        ({"map_threshold": ""}, "map_threshold is ''; it must be a number"),
        ({"map_threshold": True}, "map_threshold is 'True'; it must be a number"),
        ({"map_threshold": "9" * 30 + "x" * 1000}, f"map_threshold is '{'9' * 30}{'x' * 10}'; it must be a number"),
        ({"orientation": 45}, "orientation is '45'; it must be one of auto, off, 0, 90, 180, 270"),
        ({"orientation": ""}, "orientation is ''; it must be one of auto, off, 0, 90, 180, 270"),
        ({"orientation": "90", "Orientation": "off"}, "orientation is given as 90 and as off; give it once"),
        ({"min_confidence": 0.5, "Min-Confidence": "0.75"}, "min_confidence is given as 0.5 and as 0.75; give it once"),
        ({"words": True, "Words": "0"}, "words is given as True and as False; give it once"),
        ({"orientaton": 90}, "unknown option 'orientaton'; did you mean 'orientation'?"),
        ({"words": "all"}, "words is 'all'; it must be 0 or 1"),
        ({"characters": 2}, "characters is '2'; it must be 0 or 1"),
        ({"character": 1}, "unknown option 'character'; did you mean 'characters'?"),
        ({"quad_treshold": 0.5}, "unknown option 'quad_treshold'; did you mean 'quad_threshold'?"),
        ({"Min-Confidense": 0.5}, "unknown option 'Min-Confidense'; did you mean 'min_confidence'?"),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(BadOption, match=f"^{re.escape(message)}$"):
        Options.from_parameters(parameters)


def test_names_that_are_nearly_options_cost_little_however_many_come() -> None:
    start_s = time.process_time()
    with pytest.raises(BadOption, match="the request has 50000 parameters; at most 100 are accepted"):
        Options.from_parameters({f"min_confidxxxx{number}": 1 for number in range(50_000)})
    assert Options.from_parameters({f"min_confidxxxx{number}": 1 for number in range(100)}) == Options()
    assert Options.from_parameters({"quad_thresh" * 100_000: 1}) == Options()
    assert time.process_time() - start_s < 0.5


def test_parameters_come_as_json_or_not_at_all() -> None:
    assert Options.from_json(lambda: "") == Options()
    assert Options.from_json(lambda: '{"unclip_ratio": 2}') == Options(unclip_ratio=2)


def test_a_header_that_is_not_text_is_the_callers_mistake() -> None:
    with pytest.raises(BadOption, match="a parameter or a header of the request is not UTF-8"):
        Options.from_json(b'{"unclip_ratio": "\xff"}'.decode)
