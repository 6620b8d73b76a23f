"""An object store of this machine that speaks S3: moto, in a process and an environment of its own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from downloads import Environment

MOTO = Environment("moto", ("moto[server]==5.2.5",))
# Of any store of the kind; whoever speaks with this one has them in its environment.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "of-this-run",
    "AWS_SECRET_ACCESS_KEY": "of-this-run",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
STORE = """
import sys
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
PUT = """
import sys
from pathlib import Path
import boto3

url, folder, bucket, prefix = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
s3 = boto3.client("s3", endpoint_url=url)
s3.create_bucket(Bucket=bucket)
for file in (path for path in folder.rglob("*") if path.is_file()):
    s3.upload_file(str(file), bucket, f"{prefix}/{file.relative_to(folder).as_posix()}")
"""
GET = """
import sys
from pathlib import Path
import boto3

url, folder, bucket, prefix = sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4]
for found in boto3.resource("s3", endpoint_url=url).Bucket(bucket).objects.filter(Prefix=f"{prefix}/"):
    file = folder / found.key.removeprefix(f"{prefix}/")
    file.parent.mkdir(parents=True, exist_ok=True)
    found.Object().download_file(str(file))
"""


@dataclass(frozen=True)
class ObjectStore:
    """S3 as it listens here.

    Attributes:
        port: On loopback.
    """

    port: int

    def for_triton(self, path: str) -> str:
        """The address of a bucket, or of something in it, as Triton takes it."""
        return f"s3://http://127.0.0.1:{self.port}/{path}"

    def for_arrow(self, path: str) -> str:
        """The same as Arrow takes it."""
        return f"s3://{path}?scheme=http&endpoint_override=127.0.0.1:{self.port}"

    def put(self, folder: Path, path: str) -> None:
        """Copy a folder into it; makes the bucket."""
        self._run(PUT, folder, path)

    def get(self, path: str, folder: Path) -> None:
        """Copy what is there into a folder."""
        self._run(GET, folder, path)

    def _run(self, code: str, folder: Path, path: str) -> None:
        bucket, _, prefix = path.partition("/")
        command = MOTO.command("-c", code, f"http://127.0.0.1:{self.port}", folder, bucket, prefix)
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)  # noqa: S603 - our own
        assert done.returncode == 0, done.stderr


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """One that is empty.

    Raises:
        RuntimeError: It does not start.
    """
    store = subprocess.Popen(  # noqa: S603 - our own
        MOTO.command("-c", STORE),
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with store:
        if store.stdout is None or not (port := store.stdout.readline().strip()):
            raise RuntimeError("the object store did not start")
        yield ObjectStore(int(port))
        store.terminate()


def _environment() -> dict[str, str]:
    return {**os.environ, **CREDENTIALS}
