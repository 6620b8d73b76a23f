"""The flags of tritonserver that every launch of these models needs."""

import dataclasses
import re
import secrets
from collections.abc import Mapping, Sequence

from ocr_core.options import Options
from ocr_launch.errors import StartError
from ocr_launch.http_api import ADMIN_HEADER
from ocr_launch.ports import LOOPBACK

# Loads and unloads models, writes files, changes the log: nothing for those who send images.
RESTRICTED = ("model-repository", "trace", "logging")
# Maps memory of the server's machine.
SHARED_MEMORY = "shared-memory"


def header_pattern() -> str:
    """Regular expression of the HTTP headers that become request parameters: the options, `Quad-Threshold` and such.

    >>> import re
    >>> bool(re.fullmatch(header_pattern(), "Quad-Threshold")), bool(re.fullmatch(header_pattern(), "Authorization"))
    (True, False)
    """
    return f"(?i){'|'.join(field.name.replace('_', '-') for field in dataclasses.fields(Options))}"


def common(repository: str, exit_timeout_s: float) -> list[str]:
    """Flags of both the embedded server and the image.

    Args:
        repository: Folder or address of the models.
        exit_timeout_s: How long requests in flight may take when the server is to stop.
    """
    return [
        f"--model-repository={repository}",
        # Configurations are complete. A server that guesses starts more slowly, and may guess otherwise.
        "--disable-auto-complete-config",
        f"--http-header-forward-pattern={header_pattern()}",
        f"--exit-timeout-secs={exit_timeout_s:.0f}",
    ]


def shared_memory(prefix: str) -> list[str]:
    """Flags that name the regions of the Python steps in /dev/shm, so that what killed processes leave can be found.

    Args:
        prefix: How the names begin.
    """
    return [f"--backend-config={backend},shm-region-prefix-name={prefix}" for backend in ("python", "onnxruntime")]


def own_ports(held: Mapping[str, int]) -> list[str]:
    """Flags by which Triton listens for those in front of it: the gate, and the supervisor, which asks for metrics.

    Args:
        held: By `HTTP`, `GRPC` and `METRICS` of `ocr_launch.ports`.

    >>> own_ports({"metrics": 9000})
    ['--metrics-port=9000', '--metrics-address=127.0.0.1']
    """
    return [flag for name, port in held.items() for flag in (f"--{name}-port={port}", f"--{name}-address={LOOPBACK}")]


def client_shared_memory(known: str) -> list[str]:
    """Flags that let clients hand over images in shared memory, which newer versions do not by themselves.

    Args:
        known: What `tritonserver --help` says.

    >>> client_shared_memory("  --allow-client-shm <boolean>"), client_shared_memory("  --allow-http <boolean>")
    (['--allow-client-shm=true'], [])
    """
    return ["--allow-client-shm=true"] if "--allow-client-shm" in known else []


def admin_key(environment: Mapping[str, str]) -> str:
    """What opens the restricted APIs: OCR_ADMIN_KEY, or a random one that nobody else knows.

    Raises:
        StartError: It cannot stand in a flag.
    """
    key = environment.get("OCR_ADMIN_KEY") or secrets.token_hex(24)
    if not re.fullmatch(r"[A-Za-z0-9._-]+", key):
        raise StartError("OCR_ADMIN_KEY may have letters, digits, '.', '_' and '-' only")
    return key


def closed(apis: Sequence[str], key: str) -> list[str]:
    """Flags that open APIs to the holder of a key only: the supervisor loads models anew, operators do others.

    Args:
        apis: Their names.
        key: The value of the header.
    """
    restricted = f"{','.join(apis)}:{ADMIN_HEADER}={key}"
    return [f"--http-restricted-api={restricted}", f"--grpc-restricted-protocol={restricted}"]
