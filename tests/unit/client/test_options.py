"""Options: what may be asked for, the same on both sides of the wire."""

import dataclasses
import math

import pytest

from ocr_client.options import RANGES, ReadOptions, request_parameters
from ocr_core.errors import BadOption
from ocr_core.options import Options


def test_options_left_at_none_are_not_sent() -> None:
    assert request_parameters({"quad_threshold": 0.5, "min_confidence": None}) == {"quad_threshold": 0.5}


def test_zero_is_a_value() -> None:
    assert request_parameters({"min_confidence": 0}) == {"min_confidence": 0.0}


def test_whole_numbers_are_sent_as_floats() -> None:
    assert str(request_parameters({"unclip_ratio": 1})) == "{'unclip_ratio': 1.0}"


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
def test_a_threshold_out_of_range_is_an_error(value: float) -> None:
    with pytest.raises(ValueError, match="map_threshold is between 0 and 1"):
        request_parameters({"map_threshold": value})


@pytest.mark.parametrize("value", ["0.5", True])
def test_an_option_that_is_no_number_is_an_error(value: object) -> None:
    with pytest.raises(TypeError, match="min_confidence is a number"):
        request_parameters({"min_confidence": value})


def test_an_unknown_option_is_an_error_that_names_the_known() -> None:
    with pytest.raises(TypeError, match=r"unknown option treshold; known are quad_threshold, map_threshold"):
        request_parameters({"treshold": None})


def test_the_typed_options_are_those_of_the_server() -> None:
    served = {field.name for field in dataclasses.fields(Options)}
    assert set(ReadOptions.__annotations__) == set(RANGES) == served


@pytest.mark.parametrize("name", RANGES)
def test_the_ranges_are_those_of_the_server(name: str) -> None:
    low, high = RANGES[name]
    Options.from_parameters({name: low})
    Options.from_parameters({name: high})
    for beyond in (low - 0.01, high + 0.01):
        with pytest.raises(BadOption):
            Options.from_parameters({name: beyond})
