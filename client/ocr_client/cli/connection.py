"""The options of every command that asks a server."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from types import MappingProxyType
from typing import Any, TypeAlias

import click

from ocr_client.address import Address, Tls, parse_urls
from ocr_client.client import OcrClient

Connect: TypeAlias = Callable[..., Any]
"""Makes a client of all servers; with `addresses`, of those; with `kind`, another one of the same arguments."""


def _parse_urls(_ctx: click.Context, _option: click.Parameter, urls: tuple[str, ...]) -> tuple[Address, ...]:
    try:
        return parse_urls(urls)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


OPTIONS = (
    click.option(
        "--url",
        "addresses",
        multiple=True,
        callback=_parse_urls,
        default=["localhost:8000"],
        envvar="OCR_URL",
        show_envvar=True,
        show_default=True,
        help="The server: host:port or http(s)://… for HTTP, grpc(s)://host:port for gRPC. Several, with commas or "
        "repeated, share the work; dns:///host:port is gRPC to all servers of a name.",
    ),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(0, min_open=True),
        default=60,
        show_default=True,
        metavar="S",
        help="Seconds to wait for each answer of the server.",
    ),
    click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="'NAME: VALUE'",
        help="Send a header with every request, such as an authorization; can be repeated.",
    ),
    click.option("--ca-file", metavar="PEM", help="Trust servers with a certificate of these authorities."),
    click.option("--cert-file", metavar="PEM", help="This client's own certificate, with --key-file."),
    click.option("--key-file", metavar="PEM", help="Its private key."),
    click.option(
        "--shared-memory", is_flag=True, help="Pass images through shared memory; the server must run on this machine."
    ),
    click.option(
        "--service",
        default="",
        metavar="NAME",
        help="Ask another service of the server than the default one, as `python -m export --service NAME` wrote it.",
    ),
)


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command these options; it gets `connect`, which makes a client of them."""

    @wraps(command)
    def with_connection(
        addresses: tuple[Address, ...],
        timeout_s: float,
        headers: tuple[str, ...],
        ca_file: str | None,
        cert_file: str | None,
        key_file: str | None,
        shared_memory: bool,
        service: str,
        **others: Any,
    ) -> Any:
        connect = partial(
            _connect,
            addresses=addresses,
            certificates={"ca_file": ca_file, "cert_file": cert_file, "key_file": key_file},
            timeout_s=timeout_s,
            headers=dict(map(_header, headers)),
            shared_memory=shared_memory,
            service=service,
        )
        return command(connect=connect, **others)

    for option in reversed(OPTIONS):
        option(with_connection)
    return with_connection


def _connect(
    *,
    addresses: Sequence[Address],
    certificates: dict[str, str | None],
    timeout_s: float,
    headers: dict[str, str],
    shared_memory: bool,
    service: str,
    kind: Callable[..., Any] = OcrClient,
    more_headers: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    try:
        tls = Tls(**certificates)
        headers = {**headers, **more_headers}
        options = {"timeout_s": timeout_s, "headers": headers, "shared_memory": shared_memory, "service": service}
        return kind(map(str, addresses), tls=tls, **options)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except (ModuleNotFoundError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (name.strip() and colon):
        raise click.BadParameter(f"{text!r} is not 'NAME: VALUE'", param_hint="--header")
    return name.strip(), value.strip()
