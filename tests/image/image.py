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


def build(docker: Docker, base: str, tag: str = TAG, **arguments: str) -> Image:
    """Build the image, or find it built: Docker keeps the layers whose inputs have not changed.

    Args:
        docker: Daemon that is to have it.
        base: What it is built on, see `find_base`.
        tag: Its name there.
        **arguments: Further build arguments.

    Raises:
        RuntimeError: The build failed; with the end of its output.
    """
    named = [f"--build-arg={name}={value}" for name, value in {"BASE_IMAGE": base, **arguments}.items()]
    docker.run("build", "--file", str(DOCKERFILE), "--tag", tag, *named, str(ROOT))
    return Image(docker, tag, base)


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
    try:
        if not docker.answers():
            sys.exit("no Docker daemon answers; start one, or name it in DOCKER_HOST")
        base = find_base(docker)
        started = time.monotonic()
        image = build(docker, base)
    except RuntimeError as error:
        sys.exit(str(error))
    seconds = time.monotonic() - started
    size_mb, base_mb = image.sizes_mb
    print(f"{image.tag}: {size_mb:.0f} MB, {base_mb:.0f} of them its base {base}; built on that in {seconds:.0f} s")


if __name__ == "__main__":
    main()
