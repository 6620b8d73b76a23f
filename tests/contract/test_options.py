"""An option is the same on all its ways into the server: parameter, header, client."""

import dataclasses
import re

import click
import pytest

from ocr_client.cli.read import read
from ocr_client.options import FLAGS, OPTIONS, Choice, Option
from ocr_core.errors import BadOption
from ocr_core.options import CHOICES, RANGES, WORDS, Options
from ocr_core.options import FLAGS as SERVER_FLAGS
from ocr_launch.triton_flags import header_pattern

NAMES = [field.name for field in dataclasses.fields(Options)]


def test_the_client_offers_every_option_of_the_server() -> None:
    """ocr_client/options.py and ocr_core/options.py name the same."""
    assert set(OPTIONS) == {*RANGES, *CHOICES, *WORDS}
    assert {flag.parameter or name for name, flag in FLAGS.items()} == set(SERVER_FLAGS)


@pytest.mark.parametrize("name", RANGES)
def test_client_and_server_accept_the_same_range(name: str) -> None:
    option = OPTIONS[name]
    assert isinstance(option, Option)
    for accepted in (option.low, option.high):
        assert getattr(Options.from_parameters({name: accepted}), name) == accepted
    for refused in (option.low - 0.01, option.high + 0.01):
        with pytest.raises(BadOption, match=name):
            Options.from_parameters({name: refused})


@pytest.mark.parametrize("name", CHOICES)
def test_client_and_server_accept_the_same_words(name: str) -> None:
    option = OPTIONS[name]
    assert isinstance(option, Choice)
    assert option.words == CHOICES[name]
    for word in option.words:
        assert getattr(Options.from_parameters({name: word}), name) == word


@pytest.mark.parametrize("name", RANGES)
def test_the_command_shows_the_range_that_the_server_accepts(name: str) -> None:
    (kind,) = (parameter.type for parameter in read.params if parameter.name == name)
    assert isinstance(kind, click.FloatRange)
    for shown, beyond in ((kind.min, -0.01), (kind.max, 0.01)):
        assert shown is not None
        assert getattr(Options.from_parameters({name: shown}), name) == shown
        with pytest.raises(BadOption, match=name):
            Options.from_parameters({name: shown + beyond})


@pytest.mark.parametrize("name", NAMES)
def test_the_server_forwards_every_option_as_a_header(name: str) -> None:
    header = name.replace("_", "-")
    assert re.fullmatch(header_pattern(), header)
    assert re.fullmatch(header_pattern(), header.title())


@pytest.mark.parametrize("header", ["Content-Type", "Inference-Header-Content-Length", "Authorization"])
def test_the_server_forwards_no_other_header(header: str) -> None:
    assert not re.fullmatch(header_pattern(), header)
