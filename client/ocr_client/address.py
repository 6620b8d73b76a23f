"""Where a server listens, and how to trust it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

SCHEMES = ("http", "https", "grpc", "grpcs", "dns", "grpcs+dns")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens.

    Attributes:
        scheme: "http", "https", "grpc" or "grpcs"; "dns" or "grpcs+dns" where gRPC is to ask all servers of a name.
        target: "host:port", followed by the base path where a proxy puts an HTTP server below one. With DNS,
            "/host:port", as in gRPC's own names; in front of the slash may be the DNS server to ask.
    """

    scheme: str
    target: str

    @property
    def is_grpc(self) -> bool:
        """Whether to speak gRPC rather than HTTP."""
        return not self.scheme.startswith("http")

    @property
    def is_encrypted(self) -> bool:
        """Whether to speak TLS."""
        return self.scheme in ("https", "grpcs", "grpcs+dns")

    @property
    def is_many(self) -> bool:
        """Whether gRPC finds several servers behind it, and takes turns."""
        return self.scheme.endswith("dns")

    def __str__(self) -> str:
        return f"{self.scheme}://{self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """PEM files for encrypted connections (https, grpcs, grpcs+dns) beyond the system's own certificates.

    Attributes:
        ca_file: Certificates of the authorities to trust instead of the system's.
        cert_file: This client's own certificate, where the server asks for one; it takes a `key_file`, too.
        key_file: The private key of `cert_file`.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: Only one of `cert_file` and `key_file` is given.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    def __post_init__(self) -> None:
        """Check that the files exist: later, gRPC would report a missing one as an unreachable server."""
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("a client's certificate needs both cert_file and key_file")
        for file in (self.ca_file, self.cert_file, self.key_file):
            if file is not None and not Path(file).is_file():
                raise FileNotFoundError(f"the certificate file {file} is missing")


def parse_url(url: str) -> Address:
    """Understand "host:port" (HTTP), "http://host:port", "https://…", "grpc://…", "grpcs://…"; the name of several.

    That is "dns:///host:port" or, encrypted, "grpcs+dns:///host:port".

    Raises:
        ValueError: It is none of them.

    >>> str(parse_url("localhost:8000"))
    'http://localhost:8000'
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if not _is_address(parts):
        raise ValueError(
            f"{url!r} is not the address of a server: write host:port, http://host:port or grpc://host:port"
        )
    return Address(parts.scheme, parts.netloc + parts.path.rstrip("/"))


def parse_urls(urls: str | Iterable[str]) -> tuple[Address, ...]:
    """Understand the addresses of one or several servers, written one by one or with commas.

    Raises:
        ValueError: One of them is none, or there is none.

    >>> [str(address) for address in parse_urls("a:8000, b:8000")]
    ['http://a:8000', 'http://b:8000']
    """
    texts = [urls] if isinstance(urls, str) else urls
    parts = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    return tuple(dict.fromkeys(map(parse_url, parts or [""])))


def _is_address(parts: SplitResult) -> bool:
    if parts.scheme not in SCHEMES or parts.query or parts.fragment:
        return False
    if parts.scheme.endswith("dns"):
        return _is_address(urlsplit(f"grpc:/{parts.path}"))
    if not parts.hostname or parts.username:
        return False
    try:
        port = parts.port
    except ValueError:  # no number, or too great
        return False
    if parts.scheme.startswith("grpc"):  # has no usual port, and no paths
        return bool(port) and not parts.path.strip("/")
    return port != 0
