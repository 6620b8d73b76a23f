"""What the client asks for is what the ensemble gives: ocr_client/protocol.py and ocr_ensemble/config.pbtxt."""

from ocr_client.protocol import FURTHER_OUTPUTS, INPUT, MODEL, OUTPUTS
from tests.contract.configs import ENSEMBLE


def test_the_client_calls_the_ensemble() -> None:
    assert ENSEMBLE.name == MODEL


def test_the_client_sends_the_only_input() -> None:
    (image,) = ENSEMBLE.input
    assert image.name == INPUT


def test_the_client_reads_every_output_in_its_shape() -> None:
    known = dict(OUTPUTS)
    for further in FURTHER_OUTPUTS.values():
        known |= further
    assert {tensor.name: tuple(tensor.dims) for tensor in ENSEMBLE.output} == known


def test_what_every_client_asks_for_comes_before_what_came_later() -> None:
    assert [tensor.name for tensor in ENSEMBLE.output][: len(OUTPUTS)] == list(OUTPUTS)
