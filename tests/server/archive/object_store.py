"""An object store of this machine: moto's S3, in a process of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ray_environment import RayPython

# Any key will do.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"}
STORE = """
import logging, sys
from moto.server import ThreadedMotoServer

logging.disable()
store = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
store.start()
print(store.get_host_and_port()[1], flush=True)
sys.stdin.read()
store.stop()
"""
COPY = """
import sys
from pyarrow import fs

(source, below), (target, path) = map(fs.FileSystem.from_uri, sys.argv[1:])
target.create_dir(path)
fs.copy_files(below, path, source, target)
"""


@dataclass(frozen=True)
class ObjectStore:
    """S3 as it listens here.

    Attributes:
        port: On loopback.
    """

    port: int
    _python: RayPython

    def address(self, path: str, more: str = "") -> str:
        """Of a bucket, or something in it."""
        return f"s3://{path}?scheme=http&endpoint_override=127.0.0.1:{self.port}{more}"

    def put(self, folder: Path, path: str) -> None:
        """Copy a folder into it; makes the bucket."""
        copied = self._python.run(COPY, folder.as_uri(), self.address(path, "&allow_bucket_creation=true"))
        assert copied.returncode == 0, copied.stderr

    def get(self, path: str, folder: Path) -> None:
        """Copy what is there into a folder."""
        copied = self._python.run(COPY, self.address(path), folder.as_uri())
        assert copied.returncode == 0, copied.stderr


@contextmanager
def object_store(python: RayPython) -> Iterator[ObjectStore]:
    """One that is empty."""
    with python.start(STORE) as process:
        assert process.stdout
        yield ObjectStore(int(process.stdout.readline()), python)
