"""Calls as HTTP messages (the KServe protocol with Triton's extensions); tritonclient packs the tensors.

urllib3 and aiohttp carry the messages. tritonclient's own clients do not fit: the blocking one works only in the thread
that made it, and the two take certificates and timeouts in different ways.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

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
from ocr_client.failures import not_loaded, not_triton, server_error
from ocr_client.protocol import MODEL_VERSION
from ocr_client.transports.tensors import image_tensor

# The length of the JSON in a body; the tensors follow it.
JSON_LENGTH = "Inference-Header-Content-Length"
REGION = "/v2/systemsharedmemory/region"
# Shorter than what the HTTP libraries say.
NO_HTTP = "its answer is no HTTP"
BROKEN_OFF = "the answer broke off"
_TAG = re.compile("<[^>]*>")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to send; the path is below the server's address."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back; the headers' names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def encode(call: Call, ensemble: str) -> HttpRequest:
    """Put a call into a request.

    Args:
        call: What is asked.
        ensemble: The model that reads.
    """
    match call:
        case Infer():
            body, json_length = _infer_body(call)
            headers = {} if json_length is None else {JSON_LENGTH: str(json_length)}
            return HttpRequest("POST", f"/v2/models/{ensemble}/infer", body, headers)
        case IsReady():
            return HttpRequest("GET", f"/v2/models/{ensemble}/ready")
        case DescribeServer():
            return HttpRequest("GET", "/v2")
        case ListModels():
            return HttpRequest("POST", "/v2/repository/index", b"{}")
        case DescribeModel(name):
            return HttpRequest("GET", f"/v2/models/{name}/config")
        case LoadModel(name, config):
            body = json.dumps({"parameters": {"config": json.dumps(config)}}).encode()
            return HttpRequest("POST", f"/v2/repository/models/{name}/load", body)
        case CountRequests():
            return HttpRequest("GET", f"/v2/models/{ensemble}/stats")
        case RegisterRegion(name, key, byte_size):
            body = json.dumps({"key": key, "offset": 0, "byte_size": byte_size}).encode()
            return HttpRequest("POST", f"{REGION}/{name}/register", body)
        case UnregisterRegion(name):
            return HttpRequest("POST", f"{REGION}/{name}/unregister")


def decode(address: Address, call: Call, answer: HttpAnswer) -> Any:
    """Take a call's result out of the answer.

    Raises:
        OcrError: The server refuses or fails, or the answer makes no sense.
    """
    if isinstance(call, IsReady) and answer.status not in (401, 403):
        return answer.status == 200
    if answer.status != 200:
        if isinstance(call, LoadModel) and answer.status in (400, 500):
            raise not_loaded(address, call.name, _message(answer.body))
        request_id = call.request_id if isinstance(call, Infer) else ""
        raise server_error(address, answer.status, _message(answer.body), request_id=request_id)
    if isinstance(call, (LoadModel, RegisterRegion, UnregisterRegion)):
        return None
    try:
        return _outputs(answer, call.outputs) if isinstance(call, Infer) else json.loads(answer.body)
    except (ValueError, LookupError, TypeError, AttributeError, InferenceServerException) as error:
        raise not_triton(address, error) from error


def _infer_body(call: Infer) -> tuple[bytes, int | None]:
    tensor = image_tensor(call.image, InferInput)
    wanted = [InferRequestedOutput(name, binary_data=True) for name in call.outputs]
    body, json_length = InferenceServerClient.generate_request_body(
        [tensor], outputs=wanted, request_id=call.request_id, parameters=call.parameters, timeout=call.timeout_us
    )
    return body, json_length


def _outputs(answer: HttpAnswer, names: Sequence[str]) -> dict[str, Any]:
    length = answer.headers.get(JSON_LENGTH.lower())
    result = InferenceServerClient.parse_response_body(answer.body, header_length=length)
    version = result.get_response().get(MODEL_VERSION)
    told = {MODEL_VERSION: np.array([version])} if version else {}
    return {**{name: result.as_numpy(name) for name in names}, **told}


def _message(body: bytes) -> str:
    """What the server says about a failure; if it is a proxy's page, the beginning of its text."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, LookupError, TypeError):
        return " ".join(_TAG.sub(" ", body.decode(errors="replace")).split())[:200] or "no reason given"
