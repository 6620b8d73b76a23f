"""The production image, built from Dockerfile.triton as it stands.

`python -m tests.image.image` (make image) builds it with the Docker daemon that answers.
"""

import re
import sys
import time
from dataclasses import dataclass

from tests.image.docker import Docker
from tests.image.standin.make import make
from tests.project import ROOT

DOCKERFILE = ROOT / "Dockerfile.triton"
TAG = "ocr-triton"
PULL_TIMEOUT_S = 3600


@dataclass(frozen=True)
class Image:
    """A built image.

    Attributes:
        docker: The daemon that has it.
        tag: Its name there.
        base: The name of its base.
    """

    docker: Docker
    tag: str
    base: str

    @property
    def sizes_mb(self) -> tuple[float, float]:
        """Its size and that of its base within it, 10⁶ bytes."""
        size, base = (int(self.docker.inspect(name, "{{.Size}}")) / 1e6 for name in (self.tag, self.base))
        return size, base


def build(docker: Docker) -> Image:
    """Build the image, or find it built: Docker keeps the layers whose inputs have not changed.

    Raises:
        RuntimeError: The build failed; with the end of its output.
    """
    base = find_base(docker)
    docker.run("build", "--file", str(DOCKERFILE), "--tag", TAG, "--build-arg", f"BASE_IMAGE={base}", str(ROOT))
    return Image(docker, TAG, base)


def find_base(docker: Docker) -> str:
    """The base that Dockerfile.triton names, or its stand-in where that cannot be pulled."""
    name = pinned_base()
    if docker.has(name) or docker.run("pull", name, check=False, timeout_s=PULL_TIMEOUT_S).returncode == 0:
        return name
    print(f"\n{name} cannot be pulled: a STAND-IN takes its place, for tests only, without a GPU.\n", file=sys.stderr)
    return make(docker)


def pinned_base() -> str:
    """The base that Dockerfile.triton names."""
    (name,) = re.findall(r"^ARG BASE_IMAGE=(\S+)$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    return str(name)


def main() -> None:
    """Build the image with the daemon that answers, and tell what came of it."""
    docker = Docker()
    if not docker.answers():
        sys.exit("no Docker daemon answers; start one, or name it in DOCKER_HOST")
    started = time.monotonic()
    image = build(docker)
    size, base = image.sizes_mb
    seconds = time.monotonic() - started
    print(f"{image.tag}: {size:.0f} MB, {base:.0f} of them its base {image.base}; built in {seconds:.0f} s")


if __name__ == "__main__":
    main()
