"""A stand-in for NVIDIA's base image, for tests only, where that cannot be pulled.

It has the paths, the user and the entry point of `nvcr.io/nvidia/tritonserver:…-py3`, and a real tritonserver, older
than the base's and without a GPU: Debian's Python, the files of PyPI's nvidia-pytriton, and this project's ONNX
backend where the base has the native one. Pip in it uses this machine's certificates and package registry.
"""

import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

from downloads import cache_directory
from server import installation
from tests.image.docker import Docker
from tests.project import ROOT

TAG = "ocr-triton-standin"
DOCKERFILE = Path(__file__).with_name("Dockerfile")
ENTRY_POINT = Path(__file__).with_name("entrypoint.sh")
SUITE, PYTHON = "bookworm", "3.11"
PACKAGES = ("python3", "python3-pip", f"libpython{PYTHON}", "ca-certificates")
# What the base has in its place is ONNX Runtime 1.27.0, natively.
WHEELS = ("numpy==1.26.4", "onnxruntime==1.27.0")
# As in Triton's own build.py.
USER = "triton-server"
SETTINGS = (
    f"ENV TRITON_SERVER_VERSION={installation.TRITON_VERSION} TRITON_SERVER_USER={USER}",
    "ENV PATH=/opt/tritonserver/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "WORKDIR /opt/tritonserver",
    'ENTRYPOINT ["/opt/nvidia/nvidia_entrypoint.sh"]',
    "LABEL ocr-triton.standin=true",
)
# Where Debian and Ubuntu keep them.
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


def make(docker: Docker) -> str:
    """The stand-in's tag: Debian with the server comes from the user's cache if it is there, the rest is a layer on it.

    Args:
        docker: Daemon that is to have it.

    Raises:
        RuntimeError: mmdebstrap is missing or failed.
    """
    system = f"ocr-triton-standin-system:{_fingerprint()}"
    if not docker.has(system):
        changes = [word for setting in SETTINGS for word in ("--change", setting)]
        docker.run("import", *changes, str(_find_or_bootstrap()), system)
    backends = str(installation.OWN_BACKENDS)
    docker.run("build", "--file", str(DOCKERFILE), "--tag", TAG, "--build-arg", f"SYSTEM={system}", backends)
    return TAG


def _fingerprint() -> str:
    """The same for the same content: another one makes the system anew."""
    sources = [Path(__file__), ENTRY_POINT, ROOT / "server" / "sources.toml", _certificates()]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]


def _find_or_bootstrap() -> Path:
    """The system's root file system as a tar file; the cache keeps the newest."""
    archive = cache_directory() / f"standin-{_fingerprint()}.tar"
    if not archive.exists():
        _bootstrap(archive)
        for other in archive.parent.glob("standin-*.tar"):
            if other != archive:
                other.unlink(missing_ok=True)
    return archive


def _bootstrap(archive: Path) -> None:
    """Write the root file system."""
    if not shutil.which("mmdebstrap"):
        raise RuntimeError("mmdebstrap, which makes the stand-in's Debian, is missing: apt-get install mmdebstrap")
    part = archive.with_suffix(".part.tar")
    with tempfile.TemporaryDirectory(prefix="standin-") as folder:
        tree = Path(folder)
        _lay_out_server(tree)
        _lay_out_pip(tree)
        for path in (tree, *tree.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)  # `tree` becomes the root, which everybody may enter
        command = _mmdebstrap(tree, part)
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_plain())  # noqa: S603 - our own
    if done.returncode != 0:
        raise RuntimeError(f"mmdebstrap failed:\n{done.stderr[-3000:]}")
    part.replace(archive)


def _mmdebstrap(tree: Path, archive: Path) -> list[str]:
    """The command that writes Debian, with `tree` laid over it, into an archive."""
    hooks = (
        f'cp -a "{tree}"/. "$1"',
        f'chroot "$1" useradd --create-home --uid 1000 {USER}',
        f'chroot "$1" pip install --break-system-packages --no-cache-dir {" ".join(WHEELS)}',
    )
    options = ["--variant=minbase", f"--include={','.join(PACKAGES)}"]
    options += ["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*"]
    return ["mmdebstrap", *options, *(f"--customize-hook={hook}" for hook in hooks), SUITE, str(archive)]


def _plain() -> dict[str, str]:
    """The environment without what means this machine's Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}


def _lay_out_server(tree: Path) -> None:
    """The server, its Python backend and the entry point at the base's paths."""
    files = installation.find_or_fetch()
    server, entry = tree / "opt" / "tritonserver", tree / "opt" / "nvidia" / "nvidia_entrypoint.sh"
    shutil.copytree(files / "bin", server / "bin")
    shutil.copytree(installation.libraries(files), server / "lib")
    # The wheel's libraries look for each other there.
    (tree / "nvidia_pytriton.libs").symlink_to("/opt/tritonserver/lib")
    python_backend = server / "backends" / "python"
    shutil.copytree(files / "backends" / "python", python_backend)
    stub = Path(shutil.copy(files / "python_backend_stubs" / PYTHON / "triton_python_backend_stub", python_backend))
    entry.parent.mkdir()
    shutil.copy(ENTRY_POINT, entry)
    for program in (server / "bin" / "tritonserver", stub, entry):
        program.chmod(0o755)


def _lay_out_pip(tree: Path) -> None:
    """What pip needs to reach this machine's package registry."""
    target = tree / CERTIFICATES
    target.parent.mkdir(parents=True)
    shutil.copy(_certificates(), target)
    (tree / "etc" / "pip.conf").write_text(f"[global]\ncert = /{CERTIFICATES}\n{_index()}")


def _certificates() -> Path:
    return Path(ssl.get_default_verify_paths().cafile or f"/{CERTIFICATES}")


def _index() -> str:
    """The line of pip.conf that names this machine's package registry, if pip was told one."""
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return f"index-url = {done.stdout.strip()}\n" if done.returncode == 0 else ""
