"""The code before a refusal means one error on both sides: ocr_core/errors.py and ocr_client/failures.py."""

import pytest

import ocr_client
from ocr_client.address import parse_url
from ocr_client.failures import server_error
from ocr_core import errors
from ocr_core.errors import BadRequest, DeadlineExceeded, Overloaded, Unavailable

REFUSALS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BadRequest)]


def test_refusals_are_found() -> None:
    assert {kind.__name__ for kind in REFUSALS} == {"BadRequest", "BadImage", "BadOption"}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_of_the_server_is_the_clients_error_of_the_same_name(kind: type[BadRequest]) -> None:
    error = server_error(parse_url("box:8000"), 400, f"{kind.code}: it is so")
    assert type(error) is getattr(ocr_client, kind.__name__)
    assert str(error) == "it is so"


@pytest.mark.parametrize(
    ("kind", "theirs"), [(Overloaded, ocr_client.ServerOverloaded), (DeadlineExceeded, ocr_client.ServerTimeout)]
)
def test_what_the_server_cannot_do_now_is_an_error_of_the_clients(
    kind: type[Unavailable], theirs: type[ocr_client.OcrError]
) -> None:
    error = server_error(parse_url("box:8000"), 503, f"in ensemble 'ocr_ensemble', {kind.code}: it is so")
    assert type(error) is theirs
    assert "(it is so)" in str(error)
    assert f"{kind.code}: " not in str(error)
