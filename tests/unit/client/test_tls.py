"""Encrypted connections: whom both clients trust, and how they show who they are."""

import gc
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import grpc
import pytest
import trustme
from tritonclient.grpc import service_pb2, service_pb2_grpc

from ocr_client import ServerUnreachable, Tls
from tests.blocking import CLIENTS, Client

READY = b'{"name": "triton", "version": "1"}'


class Certificates:
    """An authority's, a server's and a client's certificates as files."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.server = authority.issue_cert("localhost")
        client = authority.issue_cert("client@example.com")
        self.authority = authority
        self.ca_file, self.cert_file, self.key_file = (str(folder / name) for name in ("ca.pem", "cert.pem", "key.pem"))
        authority.cert_pem.write_to_path(self.ca_file)
        client.cert_chain_pems[0].write_to_path(self.cert_file)
        client.private_key_pem.write_to_path(self.key_file)

    @property
    def trusting(self) -> Tls:
        """What a client needs that the server does not ask who it is."""
        return Tls(ca_file=self.ca_file)

    @property
    def showing(self) -> Tls:
        """What a client needs that the server asks who it is."""
        return Tls(ca_file=self.ca_file, cert_file=self.cert_file, key_file=self.key_file)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


class _Http(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


class _Server(HTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """A client that does not trust us, or that we do not trust, is no news."""


def serve_http(certificates: Certificates) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificates.server.configure_cert(context)
    certificates.authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with _Server(("127.0.0.1", 0), _Http) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


class _Grpc(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    def ModelReady(self, _request: object, _context: object) -> object:  # noqa: N802  gRPC's name
        return service_pb2.ModelReadyResponse(ready=True)


def serve_grpc(certificates: Certificates) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(_Grpc(), server)
    credentials = grpc.ssl_server_credentials(
        [(certificates.server.private_key_pem.bytes(), certificates.server.cert_chain_pems[0].bytes())],
        root_certificates=certificates.authority.cert_pem.bytes(),
        require_client_auth=True,
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    yield f"grpcs://localhost:{port}"
    server.stop(None).wait()


@pytest.fixture(params=[serve_http, serve_grpc])
def url(request: pytest.FixtureRequest, certificates: Certificates) -> Iterator[str]:
    """A server that wants to know who its clients are."""
    yield from request.param(certificates)


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> type[Client]:
    return CLIENTS[request.param]


def test_a_client_that_trusts_and_is_known_gets_its_answer(
    kind: type[Client], url: str, certificates: Certificates
) -> None:
    with kind(url, tls=certificates.showing) as client:
        assert client.ready()


# Python 3.10's asyncio says of a connection on which the other side reports a TLS error that no one closed it.
@pytest.mark.filterwarnings("ignore:.*_SSLProtocolTransport:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("tls", ["nothing", "trusting"])
def test_any_other_gets_no_connection(kind: type[Client], url: str, certificates: Certificates, tls: str) -> None:
    chosen = None if tls == "nothing" else certificates.trusting
    with (
        kind(url, tls=chosen, retries=0) as client,
        pytest.raises(ServerUnreachable, match=rf"no OCR server at {url} \("),
    ):
        client.server_info()
    gc.collect()
