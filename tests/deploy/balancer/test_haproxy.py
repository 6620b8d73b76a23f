"""The balancer of deploy/compose spreads requests, goes on without a server, and shows only what reads images."""

import http.client
import json
from collections import Counter
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from tests.deploy.balancer.conftest import Balancer, running
from tests.deploy.balancer.haproxy import NAMES
from tests.deploy.balancer.named_server import DEADLY

pytestmark = pytest.mark.haproxy
INFER = "/v2/models/ocr_ensemble/infer"
PAGE = bytes(1 << 20)


def ask(balancer: Balancer, path: str = INFER, body: bytes = PAGE) -> tuple[int, str]:
    """Status, and the name of the server that answered."""
    with closing(http.client.HTTPConnection(balancer.http, timeout=30)) as connection:
        connection.request("POST", path, body)
        answer = connection.getresponse()
        content = answer.read()
    return answer.status, json.loads(content)["name"] if answer.status == 200 else ""


def test_http_requests_are_spread_over_all_servers(balancer: Balancer) -> None:
    assert Counter(ask(balancer) for _ in range(30)) == {(200, name): 10 for name in NAMES}


def test_grpc_requests_of_one_connection_are_spread_over_all_servers(balancer: Balancer) -> None:
    with grpc.insecure_channel(balancer.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        names = Counter(stub.ServerMetadata(service_pb2.ServerMetadataRequest(), timeout=30).name for _ in range(30))
    assert names == dict.fromkeys(NAMES, 10)


def test_a_server_that_is_gone_costs_no_request(tmp_path: Path) -> None:
    """From the first request on, before any health check has noticed."""
    with running(tmp_path) as balancer:
        balancer.servers["ocr-2"].kill()
        answers = Counter(ask(balancer) for _ in range(30))
    assert {status for status, _ in answers} == {200}
    assert {name for _, name in answers} == {"ocr-1", "ocr-3"}


def test_a_server_that_dies_with_a_request_is_told_as_a_reason_to_try_again(balancer: Balancer) -> None:
    assert ask(balancer, body=DEADLY)[0] == 503
    assert ask(balancer)[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/text_recognition/infer",
        "/v2/repository/index",
        "/v2/models/ocr_ensemble_2/infer",
        "/v2/logging",
        "/",
    ],
)
def test_only_the_ensemble_is_shown(balancer: Balancer, path: str) -> None:
    # Without a body: one of a megabyte is answered before it is sent, and the connection ends under it.
    assert ask(balancer, path, b"") == (404, "")


@pytest.mark.parametrize(
    "path", ["health/ready", "models/ocr_ensemble", "models/ocr_ensemble/ready", "models/ocr", "models/ocr/infer"]
)
def test_health_and_the_ensembles_are_shown(balancer: Balancer, path: str) -> None:
    assert ask(balancer, f"/v2/{path}")[0] == 200


def test_grpc_cannot_load_models(balancer: Balancer) -> None:
    with grpc.insecure_channel(balancer.grpc) as channel, pytest.raises(grpc.RpcError) as refused:
        service_pb2_grpc.GRPCInferenceServiceStub(channel).RepositoryIndex(
            service_pb2.RepositoryIndexRequest(), timeout=30
        )
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED  # HTTP 404
