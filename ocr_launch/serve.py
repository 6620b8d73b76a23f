"""`ocr-serve`: start Triton with the OCR models, inside the image."""

import os
import re
import secrets
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ocr_launch import layout, machine, profiles, triton_flags
from ocr_launch.errors import StartError
from ocr_launch.layout import Layout
from ocr_launch.repository import ENSEMBLE, Repository

USAGE = """\
Start Triton with the OCR models. Arguments are further flags for tritonserver; where it takes a flag once, they win
over the ones that ocr-serve gives. `tritonserver --help` lists them.

Environment variables:
  OCR_PROFILE           auto, cpu, gpu, tensorrt or configured; by default auto: gpu where there is a GPU, else cpu.
                        Instances and threads follow the cores; configured leaves the configurations as they are
  OCR_MODEL_REPOSITORY  folder or address (s3://...) of other models than those in the image
  OCR_ADMIN_KEY         opens the restricted APIs to requests that carry it as header `ocr-admin-key`;
                        by default nobody knows it
"""
MODELS = "/opt/ocr/model_repository"
# Where the configurations for this machine go, in a folder of their own.
TEMPORARY = "/tmp"  # noqa: S108 - a container has no other users
# As in text_recognition/configs/tensorrt.pbtxt.
ENGINES = Path("/var/cache/ocr-triton")
# Requests in flight get these seconds, then the steps are stopped: within the 30 s that Kubernetes grants.
EXIT_TIMEOUT_S = 25
# Loads and unloads models, maps memory, writes files, changes the log: nothing for those who send images.
RESTRICTED = "model-repository,shared-memory,trace,logging"


def main() -> None:
    """Check what the server needs, and become it."""
    if sys.argv[1:2] in (["-h"], ["--help"]):
        sys.exit(print(USAGE))
    try:
        command, environment = prepare(os.environ, sys.argv[1:])
    except StartError as error:
        sys.exit(f"ocr-serve: {error}")
    os.execvpe(command[0], command, {**os.environ, **environment})  # noqa: S606 - our own command, no shell


def prepare(environment: Mapping[str, str], flags: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Choose and write what suits this machine, and say so.

    Args:
        environment: With the variables of `USAGE`.
        flags: Further flags of tritonserver.

    Returns:
        The command, and what is to be added to the environment.

    Raises:
        StartError: The server cannot start here.
    """
    key = environment.get("OCR_ADMIN_KEY") or secrets.token_hex(24)
    if not re.fullmatch(r"[A-Za-z0-9._-]+", key):
        raise StartError("OCR_ADMIN_KEY may have letters, digits, '.', '_' and '-' only")
    asked = environment.get("OCR_PROFILE") or profiles.AUTO
    if asked not in profiles.PROFILES:
        raise StartError(f"OCR_PROFILE is {asked!r}; it must be one of {', '.join(profiles.PROFILES)}")
    chosen = layout.choose(asked, check_gpu)
    if shortage := machine.shared_memory_shortage():
        raise StartError(shortage)
    models = environment.get("OCR_MODEL_REPOSITORY") or MODELS
    restricted = f"{RESTRICTED}:ocr-admin-key={key}"
    command = [
        "tritonserver",
        *_models(models, chosen, Path(environment.get("TMPDIR") or TEMPORARY, "ocr-serve")),
        "--model-control-mode=explicit",
        f"--http-restricted-api={restricted}",
        f"--grpc-restricted-protocol={restricted}",
        *flags,
    ]
    return command, chosen.profile.environment


def check_gpu(profile: str) -> None:
    """There is what a GPU profile needs.

    Raises:
        StartError: There is not.
    """
    if not machine.has_gpu():
        raise StartError(
            f"OCR_PROFILE={profile} needs a GPU and this container has none: "
            "run it with --gpus all, or with OCR_PROFILE=cpu"
        )
    if profile == profiles.TENSORRT and not os.access(ENGINES, os.W_OK):
        raise StartError(
            f"OCR_PROFILE={profile} keeps its engines in {ENGINES}, which is read-only here: mount a volume there"
        )


def _models(models: str, chosen: Layout, folder: Path) -> list[str]:
    """The flags that name the models; a folder's configurations are adapted, those at an address stay as they are."""
    if "://" in models:
        _say(f"Profile {chosen.profile.name}: {chosen.profile.reason}. Models from {models}, configured as they are.")
        named = [f"--model-config-name={chosen.profile.name}"] if chosen.profile.name in profiles.ON_GPU else []
        return [*triton_flags.common(models, EXIT_TIMEOUT_S), *named, "--load-model=*"]
    repository = Repository(Path(models))
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier start of this container
    served = layout.arrange(repository, chosen, folder)
    _say(f"{chosen} Models from {models}.")
    loaded = (f"--load-model={name}" for name in (ENSEMBLE, *repository.called))
    return [*triton_flags.common(served, EXIT_TIMEOUT_S), *loaded]


def _say(sentence: str) -> None:
    print(f"ocr-serve: {sentence}", file=sys.stderr)
