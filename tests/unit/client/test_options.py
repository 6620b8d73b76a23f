"""Options: what may be asked for, and what is derived from it."""

import math
import re

import click
import pytest

from ocr_client.cli.read import read
from ocr_client.options import FLAGS, OPTIONS, Choice, Option, Word, request_parameters


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


def test_what_is_asked_for_is_sent_as_true_and_nothing_else() -> None:
    assert request_parameters({"words": True, "characters": False}) == {"words": True}


def test_facts_ask_for_the_times_of_the_steps() -> None:
    assert request_parameters({"facts": True}) == {"timings": True}


@pytest.mark.parametrize(("value", "sent"), [("auto", "auto"), ("90", "90"), (90, "90"), (0, "0")])
def test_a_choice_is_sent_as_a_word(value: object, sent: str) -> None:
    assert request_parameters({"orientation": value}) == {"orientation": sent}


@pytest.mark.parametrize("value", ["upright", 45, 90.0, True, ""])
def test_a_choice_of_something_else_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match="orientation is one of auto, off, 0, 90, 180, 270, got"):
        request_parameters({"orientation": value})


def test_a_name_is_sent_as_it_is() -> None:
    assert request_parameters({"language": "ru"}) == {"language": "ru"}


@pytest.mark.parametrize("value", ["", 7, True])
def test_a_name_of_something_else_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match="language is a name, got"):
        request_parameters({"language": value})


def test_every_option_has_a_range_or_choices_and_a_meaning() -> None:
    for option in OPTIONS.values():
        if not isinstance(option, Word):
            assert option.low < option.high if isinstance(option, Option) else len(option.words) > 1
        assert re.fullmatch(r"[A-Z].*\.", option.meaning)


def test_the_command_has_them_all_with_their_ranges_and_meanings() -> None:
    shown = {parameter.name: parameter for parameter in read.params if isinstance(parameter, click.Option)}
    for name, option in OPTIONS.items():
        kind = shown[name].type
        if isinstance(option, Choice):
            assert isinstance(kind, click.Choice)
            assert tuple(kind.choices) == option.words
        elif isinstance(option, Option):
            assert isinstance(kind, click.FloatRange)
            assert (kind.min, kind.max) == (option.low, option.high)
        assert shown[name].help == option.meaning
        assert shown[name].opts == [f"--{name.replace('_', '-')}"]


def test_the_command_asks_for_words_and_characters_by_flags() -> None:
    shown = {parameter.name: parameter for parameter in read.params if isinstance(parameter, click.Option)}
    for name, flag in FLAGS.items():
        assert (shown[name].is_flag, shown[name].help) == (True, flag.meaning)
