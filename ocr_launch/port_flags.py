"""Where a server is to be asked, after the flags that its user gives for tritonserver."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ocr_launch.errors import StartError
from ocr_launch.ports import GRPC, HTTP, METRICS, Address

# Triton's own defaults, and how a flag says no to it.
PORTS = {HTTP: 8000, GRPC: 8001, METRICS: 8002}
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - the container's ports are published one by one
NO = ("false", "off", "0")
# About doors that the gate would not have.
NOT_GATED = ("--grpc-use-ssl", "--allow-http", "--allow-grpc")


@dataclass(frozen=True)
class PortFlags:
    """What the flags say.

    Attributes:
        http: Where callers ask over HTTP.
        doors: Where somebody listens in Triton's place: the gate for `ports.HTTP` and `ports.GRPC`, the supervisor for
            `ports.METRICS`.
        others: The flags that are left to Triton.
    """

    http: Address
    doors: Mapping[str, Address]
    others: Sequence[str]


def read(flags: Sequence[str], *, is_gated: bool) -> PortFlags:
    """Take apart what is said of ports.

    Args:
        flags: Of tritonserver.
        is_gated: A gate is in front of it.

    Raises:
        StartError: They want a door that the gate has not.
    """
    if is_gated:
        _check_gated(flags)
    known, _ = _parser(PORTS).parse_known_args(flags)
    addresses = {name: Address(getattr(known, f"{name}_address"), getattr(known, f"{name}_port")) for name in PORTS}
    in_front = [HTTP, GRPC] if is_gated else []
    if known.allow_metrics.lower() not in NO:
        in_front.append(METRICS)
    _, others = _parser(in_front).parse_known_args(flags)
    return PortFlags(addresses[HTTP], {name: addresses[name] for name in in_front}, others)


def _parser(names: Iterable[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in names:
        parser.add_argument(f"--{name}-address", default=EVERY_ADDRESS)
        parser.add_argument(f"--{name}-port", type=int, default=PORTS[name])
        if name == METRICS:
            parser.add_argument("--allow-metrics", default="true")
    return parser


def _check_gated(flags: Sequence[str]) -> None:
    for flag in flags:
        if flag.startswith(NOT_GATED):
            raise StartError(
                f"{flag} is not for a server behind the gate, which has one door for HTTP and one for gRPC, without "
                "TLS: end TLS in a proxy in front of it, or leave the gate out with OCR_GATE=0"
            )
