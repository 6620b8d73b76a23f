"""Requests and answers as plain arrays: no server, no socket."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr_client import BadImage, Character, Facts, Line, Page, ServerFault, Unread, Word
from ocr_client.protocol import FURTHER_OUTPUTS, OUTPUTS, build_request, parse_page


def outputs(**changed: Any) -> dict[str, NDArray[Any] | None]:
    two_lines = {
        "texts": np.array(["Größe 字".encode(), b"12.50"], np.object_),
        "text_confidences": np.array([0.98, 0.5], np.float32),
        "quads": np.array([[[1, 2], [9.333333, 2], [9, 4], [1, 4]], [[5, 5], [7, 5], [7, 6], [5, 6]]], np.float32),
        "quad_scores": np.array([0.7, 0.6], np.float32),
        "image_size": np.array([48, 64], np.int32),
    }
    return {**two_lines, **changed}


def test_outputs_become_lines_with_clean_numbers() -> None:
    page = parse_page(outputs())
    assert (page.width, page.height) == (64, 48)
    assert page.lines == (
        Line(text="Größe 字", confidence=0.98, quad=((1, 2), (9.33, 2), (9, 4), (1, 4)), score=0.7),
        Line(text="12.50", confidence=0.5, quad=((5, 5), (7, 5), (7, 6), (5, 6)), score=0.6),
    )
    assert hash(page) == hash(parse_page(outputs()))


def test_outputs_of_length_0_become_a_page_without_lines() -> None:
    empty = np.zeros(0, np.float32)
    page = parse_page(
        outputs(
            texts=np.zeros(0, np.object_),
            text_confidences=empty,
            quads=np.zeros((0, 4, 2), np.float32),
            quad_scores=empty,
        )
    )
    assert page == Page(width=64, height=48, lines=())


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_missing_output_is_the_servers_fault(name: str) -> None:
    with pytest.raises(ServerFault, match=f"lacks {name}: is ocr_ensemble of this client's version"):
        parse_page(outputs(**{name: None}))


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("texts", (1, 2)),
        ("text_confidences", (3,)),
        ("quads", (2, 8)),
        ("quad_scores", (1,)),
        ("image_size", (3,)),
    ],
)
def test_another_shape_is_the_servers_fault(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ServerFault, match=rf"{name} has shape \({shape[0]},.*expected \("):
        parse_page(outputs(**{name: np.zeros(shape, np.float32)}))


def test_a_text_that_is_not_utf8_is_the_servers_fault() -> None:
    with pytest.raises(ServerFault, match="not UTF-8"):
        parse_page(outputs(texts=np.array([b"\xff", b""], np.object_)))


@pytest.mark.parametrize("option", FURTHER_OUTPUTS)
def test_further_outputs_are_asked_for_only_by_those_who_want_them(option: str) -> None:
    """A server of an earlier version would refuse a request that names them. Characters come with their words."""
    assert build_request(b"image", {}).outputs == tuple(OUTPUTS)
    asked = ("words", "characters") if option == "characters" else (option,)
    names = [name for each in asked for name in FURTHER_OUTPUTS[each]]
    assert build_request(b"image", {option: True}).outputs == (*OUTPUTS, *names)


@pytest.mark.parametrize("option", ["unread", "blocks"])
def test_outputs_that_cost_nothing_are_no_parameters(option: str) -> None:
    assert build_request(b"image", {option: True}).parameters == {}


def test_boxes_of_unread_text_come_with_the_page_or_not_at_all() -> None:
    box = np.array([[[1, 2], [3, 2], [3, 4], [1, 4]]], np.float32)
    reasons = np.array([b"low_confidence"], np.object_)
    assert parse_page(outputs()).unread is None
    assert parse_page(outputs(unread_quads=box, unread_reasons=reasons)).unread == (
        Unread(quad=((1, 2), (3, 2), (3, 4), (1, 4)), reason="low_confidence"),
    )
    assert parse_page(outputs(unread_quads=box[:0], unread_reasons=reasons[:0])).unread == ()


def test_facts_come_with_the_page_or_not_at_all() -> None:
    sent = {"page_angle": np.array([270], np.int32), "page_skew": np.array([1.234567], np.float32)}
    sent |= {name: np.array([0.98765432], np.float32) for name in ("page_confidence", "detector_scale")}
    sent |= {"step_names": np.array([b"decoding", b"reading"], np.object_)}
    sent |= {"step_milliseconds": np.array([1.5, 20.12345], np.float32)}
    assert parse_page(outputs()).facts is None
    times_ms = {"decoding": 1.5, "reading": 20.123}
    facts = Facts(angle=270, skew=1.23, confidence=0.9877, detector_scale=0.9877, step_milliseconds=times_ms)
    page = parse_page(outputs(**sent))
    assert page.facts == facts
    assert hash(page) == hash(parse_page(outputs(**sent)))


def test_times_without_their_steps_are_the_servers_fault() -> None:
    sent = {name: np.zeros(1, np.float32) for name in FURTHER_OUTPUTS["facts"]}
    sent |= {"step_names": np.array([b"decoding", b"reading"], np.object_)}
    with pytest.raises(ServerFault, match="step_milliseconds"):
        parse_page(outputs(**sent))


def test_a_line_knows_its_block_where_that_was_asked_for() -> None:
    assert {line.block for line in parse_page(outputs()).lines} == {None}
    count = len(parse_page(outputs()).lines)
    blocks = np.arange(count, dtype=np.int32)
    assert [line.block for line in parse_page(outputs(blocks=blocks)).lines] == blocks.tolist()
    with pytest.raises(ServerFault, match="blocks has shape"):
        parse_page(outputs(blocks=np.zeros(count + 1, np.int32)))


@pytest.mark.parametrize("option", ["words", "characters"])
def test_words_and_characters_are_asked_for_by_a_parameter_too(option: str) -> None:
    assert build_request(b"image", {option: True}).parameters == {option: True}


BOX = [[1, 2], [3, 2], [3, 4], [1, 4]]
QUAD = ((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0))


def pieces(name: str, whole: str, texts: list[str], wholes: list[int]) -> dict[str, NDArray[Any] | None]:
    return {
        f"{name}_texts": np.array([text.encode() for text in texts], np.object_),
        f"{name}_confidences": np.full(len(texts), 0.5, np.float32),
        f"{name}_quads": np.array([BOX] * len(texts), np.float32).reshape(-1, 4, 2),
        f"{name}_{whole}": np.array(wholes, np.int32),
    }


def test_each_line_gets_its_words_and_each_word_its_characters() -> None:
    words = pieces("word", "lines", ["Größe", "字"], [0, 0])
    characters = pieces("character", "words", ["ö", "字"], [0, 1])
    first, second = parse_page(outputs(**words, **characters)).lines
    size, ideograph = (Character(text=text, confidence=0.5, quad=QUAD) for text in "ö字")
    assert first.words == (
        Word(text="Größe", confidence=0.5, quad=QUAD, characters=(size,)),
        Word(text="字", confidence=0.5, quad=QUAD, characters=(ideograph,)),
    )
    assert second.words == ()


def test_without_asking_lines_have_no_words_and_words_no_characters() -> None:
    assert [line.words for line in parse_page(outputs()).lines] == [None, None]
    (word,) = parse_page(outputs(**pieces("word", "lines", ["a"], [1]))).lines[1].words or ()
    assert word.characters is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"word_lines": np.array([2], np.int32)}, "a part of number 2 of 2"),
        ({"word_lines": np.array([-1], np.int32)}, "a part of number -1 of 2"),
        ({"word_lines": None}, "lacks word_lines"),
        ({"word_quads": np.zeros((2, 4, 2), np.float32)}, r"word_quads has shape \(2, 4, 2\), expected \(1, 4, 2\)"),
    ],
)
def test_words_that_belong_to_no_line_are_the_servers_fault(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ServerFault, match=message):
        parse_page(outputs(**{**pieces("word", "lines", ["a"], [1]), **changed}))


def test_a_request_carries_the_files_bytes_and_the_options_given() -> None:
    request = build_request(b"\x00\xff", {"quad_threshold": 0.5, "map_threshold": None})
    assert request.image == b"\x00\xff"
    assert request.parameters == {"quad_threshold": 0.5}


def test_a_request_has_the_id_given_or_one_of_its_own() -> None:
    assert build_request(b"image", {}, "page 7").request_id == "page 7"
    ids = [build_request(b"image", {}).request_id for _ in range(2)]
    assert all(ids)
    assert ids[0] != ids[1]


def test_an_empty_image_is_refused_before_it_is_sent() -> None:
    with pytest.raises(BadImage, match=r"the image is empty \(0 bytes\)"):
        build_request(b"", {})
