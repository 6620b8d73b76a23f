"""gRPC, blocking and for asyncio, by tritonclient: its two clients have the same methods."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from ocr_client.address import Address
from ocr_client.calls import (
    Call,
    CountRequests,
    DescribeModel,
    DescribeServer,
    Infer,
    IsReady,
    ListModels,
    LoadModel,
    RegisterRegion,
    UnregisterRegion,
)
from ocr_client.errors import OcrError
from ocr_client.failures import not_loaded, server_error, timeout, unreachable
from ocr_client.protocol import MODEL_VERSION
from ocr_client.settings import Settings
from ocr_client.transports.tensors import image_tensor

try:
    import tritonclient.grpc
    import tritonclient.grpc.aio
    from tritonclient.utils import InferenceServerException
except (ImportError, RuntimeError) as error:  # tritonclient makes it a RuntimeError
    raise ModuleNotFoundError(
        "grpc:// and grpcs:// addresses need gRPC: pip install 'ocr-triton-client[grpc]'"
    ) from error

CHANNEL = {
    # A photo or a dense page goes beyond gRPC's usual 4 MB; -1 means unlimited.
    "grpc.max_send_message_length": -1,
    "grpc.max_receive_message_length": -1,
    # After a restart, the server is found again within a second, not within two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
}
# For the servers of a name: each request goes to the next one that is connected, and to another one at once if that has
# no time for it, or is gone. Too many of those retries end them ("throttling"), so that they do not make it worse.
TURNS = {
    "grpc.service_config": json.dumps(
        {
            "loadBalancingConfig": [{"round_robin": {}}],
            "methodConfig": [
                {
                    "name": [{}],
                    "retryPolicy": {
                        "maxAttempts": 3,
                        "initialBackoff": "0.01s",
                        "maxBackoff": "0.1s",
                        "backoffMultiplier": 2,
                        "retryableStatusCodes": ["UNAVAILABLE"],
                    },
                }
            ],
            "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.5},
        }
    ),
    # A larger request would not be sent again: gRPC keeps 256 kB.
    "grpc.per_rpc_retry_buffer_size": 1 << 30,
}
# gRPC's statuses, and the HTTP statuses that mean the same here.
HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
}
# gRPC reports UNAVAILABLE also when there is no connection. Only its text tells that from a server's answer.
NO_CONNECTION = re.compile(
    "failed to connect|errors resolving|connection (reset|refused|aborted|timed out)|socket closed|broken pipe|goaway"
    "|endpoint clos|stream removed|keepalive|recvmsg|sendmsg",
    re.IGNORECASE,
)
# Nor does RESOURCE_EXHAUSTED say by itself whether a smaller file helps, or only time.
TOO_LARGE = re.compile("message larger than max")
WHERE = re.compile(
    r"failed to connect to all addresses; last error: \w+: (ipv[46]:\S+: )?(Failed to connect to remote host: )?"
)


class GrpcTransport:
    """A channel to a server; any number of threads may use it."""

    def __init__(self, address: Address, settings: Settings) -> None:
        self._address, self._settings = address, settings
        self._triton = tritonclient.grpc.InferenceServerClient(**_channel(address, settings))

    def perform(self, call: Call) -> Any:
        """Do it and give what the call says."""
        with _failures_explained(self._address, self._settings, call):
            return _result(call, _invoke(self._triton, call, self._settings))

    def close(self) -> None:
        """Let the channel go."""
        self._triton.close()


class AsyncGrpcTransport:
    """The same for one event loop."""

    def __init__(self, address: Address, settings: Settings) -> None:
        self._address, self._settings = address, settings

    @cached_property
    def _triton(self) -> Any:
        # Belongs to the event loop, which need not run yet when the client is made.
        return tritonclient.grpc.aio.InferenceServerClient(**_channel(self._address, self._settings))

    async def perform(self, call: Call) -> Any:
        """Do it and give what the call says."""
        with _failures_explained(self._address, self._settings, call):
            return _result(call, await _invoke(self._triton, call, self._settings))

    async def close(self) -> None:
        """Let the channel go."""
        if "_triton" in vars(self):
            await self._triton.close()


def _channel(address: Address, settings: Settings) -> dict[str, Any]:
    """Arguments of tritonclient's constructors."""
    tls = settings.tls
    return {
        "url": f"dns://{address.target}" if address.is_many else address.target,
        "channel_args": list({**CHANNEL, **(TURNS if address.is_many else {})}.items()),
        "ssl": address.is_encrypted,
        "root_certificates": tls and tls.ca_file,
        "certificate_chain": tls and tls.cert_file,
        "private_key": tls and tls.key_file,
    }


def _invoke(triton: Any, call: Call, settings: Settings) -> Any:
    """Call tritonclient's method: what it returns, or for asyncio an awaitable of that."""
    # gRPC takes names of headers in lower case only.
    headers = {name.lower(): value for name, value in settings.headers.items()}
    common = {"headers": headers, "client_timeout": settings.timeout_of(call)}
    match call:
        case Infer(image, parameters, request_id, outputs):
            tensor = image_tensor(image, tritonclient.grpc.InferInput)
            wanted = [tritonclient.grpc.InferRequestedOutput(name) for name in outputs]
            return triton.infer(
                settings.ensemble,
                [tensor],
                outputs=wanted,
                request_id=request_id,
                parameters=dict(parameters),
                timeout=call.timeout_us,
                **common,
            )
        case IsReady():
            return triton.is_model_ready(settings.ensemble, **common)
        case DescribeServer():
            return triton.get_server_metadata(as_json=True, **common)
        case ListModels():
            return triton.get_model_repository_index(as_json=True, **common)
        case DescribeModel(name):
            return triton.get_model_config(name, as_json=True, **common)
        case LoadModel(name, config):
            return triton.load_model(name, config=json.dumps(config), **common)
        case CountRequests():
            return triton.get_inference_statistics(settings.ensemble, as_json=True, **common)
        case RegisterRegion(name, key, byte_size):
            return triton.register_system_shared_memory(name, key, byte_size, **common)
        case UnregisterRegion(name):
            return triton.unregister_system_shared_memory(name, **common)


def _result(call: Call, answer: Any) -> Any:
    """What the call promises, the same as over HTTP."""
    match call:
        case Infer():
            version = answer.get_response().model_version
            told = {MODEL_VERSION: np.array([version])} if version else {}
            return {**{name: answer.as_numpy(name) for name in call.outputs}, **told}
        case ListModels():
            return answer.get("models", [])
        case DescribeModel():
            return answer["config"]
        case LoadModel() | RegisterRegion() | UnregisterRegion():
            return None
    return answer


@contextmanager
def _failures_explained(address: Address, settings: Settings, call: Call) -> Iterator[None]:
    """Raise what tritonclient raises as one of `ocr_client.errors`."""
    try:
        yield
    except InferenceServerException as error:
        raise _explained(address, settings, call, error) from error


def _explained(address: Address, settings: Settings, call: Call, error: Any) -> OcrError:
    code, message = str(error.status()).removeprefix("StatusCode."), str(error.message())
    if code == "DEADLINE_EXCEEDED":
        return timeout(address, settings.timeout_s)
    if code == "UNAVAILABLE" and NO_CONNECTION.search(message):
        return unreachable(address, WHERE.sub("", message))
    if isinstance(call, LoadModel) and code in ("INVALID_ARGUMENT", "INTERNAL"):
        return not_loaded(address, call.name, message)
    request_id = call.request_id if isinstance(call, Infer) else ""
    status = 413 if TOO_LARGE.search(message) else HTTP_STATUS.get(code, 500)
    return server_error(address, status, message, told=f"gRPC {code}", request_id=request_id)
