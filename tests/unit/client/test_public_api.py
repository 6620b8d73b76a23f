"""What the package promises to its importers."""

import inspect
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ocr_client
from ocr_client import AsyncOcrClient, ClientOptions, OcrClient
from ocr_client.settings import Settings
from tests.blocking import Blocking

METHODS = ["close", "read", "read_many", "ready", "server_info"]


def test_everything_public_is_exported() -> None:
    public = {
        name
        for name, value in vars(ocr_client).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert set(ocr_client.__all__) == public
    assert list(ocr_client.__all__) == sorted(ocr_client.__all__)


def test_every_error_is_an_ocr_error_with_a_docstring() -> None:
    errors = [value for value in vars(ocr_client.errors).values() if isinstance(value, type)]
    assert len(errors) == 9
    for error in errors:
        assert issubclass(error, ocr_client.OcrError)
        assert error.__name__ in (ocr_client.errors.__doc__ or "")
        assert error.__name__ in ocr_client.__all__


def public_methods(kind: type) -> dict[str, Callable[..., Any]]:
    return {name: value for name, value in vars(kind).items() if inspect.isfunction(value) and name[0] != "_"}


@pytest.mark.parametrize("kind", [OcrClient, AsyncOcrClient, Blocking])
def test_both_clients_have_the_same_methods(kind: type) -> None:
    assert sorted(public_methods(kind)) == METHODS


@pytest.mark.parametrize("method", ["__init__", *METHODS])
def test_a_method_has_the_same_arguments_in_both_clients(method: str) -> None:
    blocking, for_asyncio = (
        inspect.signature(getattr(kind, method)).parameters for kind in (OcrClient, AsyncOcrClient)
    )
    assert list(blocking) == list(for_asyncio)
    for name, parameter in blocking.items():
        assert (parameter.kind, parameter.default) == (for_asyncio[name].kind, for_asyncio[name].default)
        # To the kinds of images, asyncio adds a stream of them.
        assert str(for_asyncio[name].annotation).startswith(str(parameter.annotation))


@pytest.mark.parametrize("method", ["close", "read", "ready", "server_info"])
def test_a_method_for_asyncio_is_a_coroutine(method: str) -> None:
    assert inspect.iscoroutinefunction(getattr(AsyncOcrClient, method))
    assert not inspect.iscoroutinefunction(getattr(OcrClient, method))


def test_the_typed_options_of_a_client_are_those_that_are_checked() -> None:
    assert set(ClientOptions.__annotations__) == set(Settings.__dataclass_fields__) - {"addresses"}


def test_importers_get_its_types() -> None:
    assert (Path(ocr_client.__file__).parent / "py.typed").is_file()
