"""What is a server's address, and which certificates go with it."""

from pathlib import Path

import pytest

from ocr_client import Tls
from ocr_client.address import parse_url, parse_urls


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("https://ocr.example.com", "https://ocr.example.com"),
        ("http://proxy:80/triton/", "http://proxy:80/triton"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("grpc://localhost:8001", "grpc://localhost:8001"),
        ("grpcs://[::1]:8001/", "grpcs://[::1]:8001"),
        ("dns:///ocr.svc:8001/", "dns:///ocr.svc:8001"),
        ("dns://10.0.0.2:53/ocr:8001", "dns://10.0.0.2:53/ocr:8001"),
        ("grpcs+dns:///ocr.svc:8001", "grpcs+dns:///ocr.svc:8001"),
    ],
)
def test_an_address_may_have_a_scheme_and_a_path(url: str, address: str) -> None:
    assert str(parse_url(url)) == address


@pytest.mark.parametrize(
    ("url", "grpc", "encrypted"),
    [
        ("box:1", False, False),
        ("https://box", False, True),
        ("grpc://box:1", True, False),
        ("grpcs://a:1", True, True),
        ("dns:///a:1", True, False),
        ("grpcs+dns:///a:1", True, True),
    ],
)
def test_the_scheme_sets_the_protocol_and_the_encryption(url: str, grpc: bool, encrypted: bool) -> None:
    assert (parse_url(url).is_grpc, parse_url(url).is_encrypted) == (grpc, encrypted)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://",
        "ftp://host:21",
        "host:port",
        "host:99999",
        "http://name:secret@host:8000",
        "http://host:8000/v2?x=1",
        "grpc://host",
        "grpc://host:8001/path",
        "dns://host:8001",
        "dns:///host",
        "dns:///host:8001/path",
        "dns:///name:secret@host:8001",
        "http+dns:///host:8001",
    ],
)
def test_anything_else_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match="not the address of a server: write host:port"):
        parse_url(url)


@pytest.mark.parametrize("urls", ["a:1,http://b:2", ["a:1", "http://b:2"], ["a:1, b:2", "a:1"], " a:1 ,, b:2,"])
def test_several_addresses_are_a_list_or_have_commas(urls: str | list[str]) -> None:
    assert list(map(str, parse_urls(urls))) == ["http://a:1", "http://b:2"]


@pytest.mark.parametrize("urls", ["", ",", [], [""]])
def test_at_least_one_address_is_needed(urls: str | list[str]) -> None:
    with pytest.raises(ValueError, match="'' is not the address of a server: write host:port"):
        parse_urls(urls)


def test_a_missing_certificate_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"the certificate file .*/ca\.pem is missing"):
        Tls(ca_file=str(tmp_path / "ca.pem"))


def test_a_clients_certificate_needs_its_key() -> None:
    with pytest.raises(ValueError, match="both cert_file and key_file"):
        Tls(cert_file=__file__)
