"""The production image, built from Dockerfile.triton as it stands.

`python -m tests.image.image` (make image) builds it with the Docker daemon that answers, on the base that the
Dockerfile names. `--stand-in` (make image STANDIN=1) builds it on a stand-in for that base, under another tag: for
tests only.
"""

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version

import click

from tests.image.docker import Docker
from tests.image.standin.make import make
from tests.project import ROOT

DOCKERFILE = ROOT / "Dockerfile.triton"
TAG = "ocr-triton"
TEST_TAG = "ocr-triton-on-standin"
PULL_TIMEOUT_S = 3600
NO_DAEMON = (
    "no Docker daemon answers: start one with `systemctl start docker` (without systemd `dockerd &`, as root), or "
    " name one in DOCKER_HOST"
)


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


def build(docker: Docker, base: str, tag: str, **arguments: str) -> Image:
    """Build the image, or find it built: Docker keeps the layers whose inputs have not changed.

    It is also tagged with the project's version, and labelled with the commit that it is made of.

    Args:
        docker: Daemon that is to have it.
        base: What it is built on, see `find_base`.
        tag: Its name there.
        **arguments: Further build arguments.

    Raises:
        RuntimeError: The build failed; with the end of its output.
    """
    named = [f"--build-arg={name}={value}" for name, value in {"BASE_IMAGE": base, **arguments}.items()]
    tags = [f"--tag={tag}", f"--tag={tag}:{version('ocr-triton')}"]
    labels = [f"--label=org.opencontainers.image.{name}={value}" for name, value in _commit().items()]
    docker.run("build", f"--file={DOCKERFILE}", *tags, *labels, *named, str(ROOT))
    return Image(docker, tag, base)


def _commit() -> dict[str, str]:
    """The commit of this checkout as labels of OCI; none where it is no checkout, or has changes of its own."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
        return done.stdout.strip()

    revision = git("rev-parse", "HEAD")
    return {"revision": revision} if revision and not git("status", "--porcelain") else {}


def find_base(docker: Docker) -> tuple[str, str]:
    """The base that Dockerfile.triton names, or its stand-in where that cannot be pulled; for tests.

    Returns:
        The base, and the tag for an image on it.
    """
    try:
        return pull_base(docker), TAG
    except RuntimeError as error:
        print(f"\n{error}\nA STAND-IN takes its place, for tests only, without a GPU.\n", file=sys.stderr)
        return make(docker), TEST_TAG


def pull_base(docker: Docker) -> str:
    """The base that Dockerfile.triton names, pulled if it is not there.

    Raises:
        RuntimeError: It cannot be pulled; with Docker's reason.
    """
    name = pinned_base()
    if not docker.has(name):
        done = docker.run("pull", name, check=False, timeout_s=PULL_TIMEOUT_S)
        if done.returncode != 0:
            reason = (done.stdout.strip() or "no reason given").splitlines()[-1]
            raise RuntimeError(f"{name} cannot be pulled: {reason}")
    return name


def pinned_base() -> str:
    """The base that Dockerfile.triton names."""
    (name,) = re.findall(r"^ARG BASE_IMAGE=(\S+)$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    return str(name)


@click.command()
@click.option("--stand-in", is_flag=True, help=f"Build on a stand-in for the base, as {TEST_TAG}: for tests only.")
def main(stand_in: bool) -> None:
    """Build the image with the Docker daemon that answers, and tell what came of it."""
    docker = Docker()
    try:
        if not docker.answers():
            raise click.ClickException(NO_DAEMON)
        base, tag = (make(docker), TEST_TAG) if stand_in else (pull_base(docker), TAG)
        started = time.monotonic()
        image = build(docker, base, tag)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    seconds = time.monotonic() - started
    size_mb, base_mb = image.sizes_mb
    names = f"{image.tag}, {image.tag}:{version('ocr-triton')}"
    print(f"{names}: {size_mb:.0f} MB, {base_mb:.0f} of them its base {base}; built on that in {seconds:.0f} s")


if __name__ == "__main__":
    main(prog_name="python -m tests.image.image")
