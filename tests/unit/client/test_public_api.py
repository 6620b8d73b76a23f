"""What the package promises to its importers."""

import types

import ocr_client


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
    assert len(errors) == 6
    for error in errors:
        assert issubclass(error, ocr_client.OcrError)
        assert error.__name__ in (ocr_client.errors.__doc__ or "")
        assert error.__name__ in ocr_client.__all__
