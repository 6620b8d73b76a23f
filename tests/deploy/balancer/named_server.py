"""A server that has the doors of Triton, and tells its name to whoever asks."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

TIMEOUT_S, POLL_S = 60, 0.02
# A body that a server does not survive.
DEADLY = b"die"


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    until = time.monotonic() + TIMEOUT_S
    while not happened():
        assert time.monotonic() < until
        time.sleep(POLL_S)


class NamedServer:
    """Listens for HTTP and gRPC inside a `with` block, or until it is killed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.was_checked = False
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._grpc = grpc.server(ThreadPoolExecutor(4))
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(_Servicer(name), self._grpc)
        self.http_port = self._http.server_port
        self.grpc_port = self._grpc.add_insecure_port("127.0.0.1:0")

    def __enter__(self) -> "NamedServer":
        self._grpc.start()
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": POLL_S}).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Close all doors at once."""
        self._http.shutdown()
        self._http.server_close()
        self._grpc.stop(None)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.was_checked = server.was_checked or self.path.endswith("/ready")
                self._tell()

            def do_POST(self) -> None:
                if self.rfile.read(int(self.headers["Content-Length"])) == DEADLY:
                    self.close_connection = True
                else:
                    self._tell()

            def _tell(self) -> None:
                body = json.dumps({"name": server.name, "path": self.path}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


class _Servicer(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    def __init__(self, name: str) -> None:
        self._name = name

    def ServerMetadata(self, *_: object) -> Any:  # noqa: N802 - gRPC's name
        return service_pb2.ServerMetadataResponse(name=self._name)

    def RepositoryIndex(self, *_: object) -> Any:  # noqa: N802
        return service_pb2.RepositoryIndexResponse()
