"""An object store on this machine that speaks S3, with a folder of files in it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from downloads import Environment

# In an environment of its own that is made on first use.
MOTO = Environment("moto", ("moto[server]==5.2.5",))
# What any store of the kind takes.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "of-this-run",
    "AWS_SECRET_ACCESS_KEY": "of-this-run",
    "AWS_DEFAULT_REGION": "eu-west-1",
}
STORE = """
import sys
from pathlib import Path
import boto3
from moto.server import ThreadedMotoServer

folder, bucket, prefix = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
s3 = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
for file in sorted(path for path in folder.rglob("*") if path.is_file()):
    s3.upload_file(str(file), bucket, f"{prefix}/{file.relative_to(folder).as_posix()}")
print(port, flush=True)
sys.stdin.read()
"""


@contextmanager
def holding(folder: Path) -> Iterator[str]:
    """The address of the folder's copy in a store, as Triton takes it, while the store runs.

    Raises:
        RuntimeError: The store does not start.
    """
    command = MOTO.command("-c", STORE, folder, "ocr", "models")
    environment = {**os.environ, **CREDENTIALS}
    store = subprocess.Popen(  # noqa: S603 - our own
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with store:
        if store.stdin is None or store.stdout is None or not (port := store.stdout.readline().strip()):
            raise RuntimeError("the object store did not start")
        yield f"s3://http://127.0.0.1:{port}/ocr/models"
        store.terminate()
