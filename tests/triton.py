"""A running Triton as the tests see it, wherever it runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tritonclient.http import InferenceServerClient

LAST_LINES = 20


@dataclass(frozen=True)
class Triton:
    """Where a server listens.

    Attributes:
        url: `host:port` of HTTP.
        grpc_url: The same for gRPC; None where only the HTTP address is known.
        log: File with the server's own messages; None where it is out of reach.
        own_grpc_url: `host:port` of Triton's own port for gRPC, behind the gate; None where there is none, or unknown.
        metrics_url: `host:port` of metrics; None where it is not known.
    """

    url: str
    grpc_url: str | None = None
    log: Path | None = None
    own_grpc_url: str | None = None
    metrics_url: str | None = None

    def connect(self) -> InferenceServerClient:
        """A context manager: an open connection makes a server that is to stop wait for it."""
        return InferenceServerClient(self.url)

    def calls(self, model: str) -> int:
        """How many requests a model has answered since the server started."""
        with self.connect() as client:
            (statistics,) = client.get_inference_statistics(model)["model_stats"]
        return int(statistics["inference_stats"]["success"]["count"])

    def end_of_log(self) -> str:
        """The last lines of the server's messages, empty where they are out of reach."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log else []
        return "\n".join(lines[-LAST_LINES:])


def check(addresses: str) -> Triton:
    """The server at `host:port` of HTTP, or at that and, after a comma, `host:port` of gRPC.

    Raises:
        ConnectionError: There is none, or it is not ready.
    """
    url, _, grpc_url = addresses.partition(",")
    server = Triton(url, grpc_url or None)
    try:
        with server.connect() as client:
            ready: Any = client.is_model_ready("ocr_ensemble")
    except (OSError, ValueError) as error:
        raise ConnectionError(f"no Triton answers at {url}: {error}") from error
    if not ready:
        raise ConnectionError(f"{url} answers, but its ocr_ensemble is not ready")
    return server
