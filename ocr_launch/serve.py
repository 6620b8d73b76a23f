"""`ocr-serve`: start Triton with the OCR models, inside the image, and keep it running."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from ocr_launch import control, gate, json_log, layout, machine, port_flags, ports, profiles, run_state, triton_flags
from ocr_launch.errors import StartError
from ocr_launch.http_api import HttpApi
from ocr_launch.metrics_door import MetricsPlan
from ocr_launch.models import Source
from ocr_launch.ports import HTTP, METRICS
from ocr_launch.supervisor import Supervisor
from ocr_launch.tritonserver import Plan

USAGE = """\
Start Triton with the OCR models. Arguments are further flags for tritonserver; where it takes a flag once, they win
over the ones that ocr-serve gives. `tritonserver --help` lists them.

Environment variables:
  OCR_PROFILE           auto, cpu, gpu, tensorrt or configured; by default auto: gpu where there is a GPU, else cpu.
                        Instances and threads follow the cores; configured leaves the configurations as they are
  OCR_MODEL_REPOSITORY  folder or address (s3://...) of other models than those in the image
  OCR_MODEL_CONTROL     explicit, none or poll: models are loaded and unloaded through the repository API, with the key;
                        not while the server runs; or when their files change. By default explicit
  OCR_LOG_FORMAT        json has all lines of the log written as JSON objects
  OCR_VERSION           number of the version of the models that it starts with; by default the newest
  OCR_CLIENT_SHM        1 lets clients of this host hand over images in shared memory, with the key
  OCR_GATE              0 leaves out the gate: callers then reach Triton itself, with every model in it, and refused
                        requests do not wait in line; it saves 2 ms of a core for each request
  OCR_ADMIN_KEY         opens the restricted APIs to requests that carry it as header `ocr-admin-key`;
                        by default nobody knows it
"""
MODELS = "/opt/ocr/model_repository"
# As in text_recognition/configs/tensorrt.pbtxt.
ENGINES = Path("/var/cache/ocr-triton")
# Requests in flight get these seconds, then the steps are stopped: within the 30 s that Kubernetes grants.
EXIT_TIMEOUT_S = 25
# TensorRT may build engines for minutes.
START_TIMEOUT_S = 1800


def main() -> None:
    """Check what the server needs, start it, keep it running, and pass its exit status on."""
    if sys.argv[1:2] in (["-h"], ["--help"]):
        sys.exit(print(USAGE))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops in order, as Ctrl-C does
    sockets = ExitStack()  # they are closed with this process
    try:
        json_log.begin(os.environ.get("OCR_LOG_FORMAT"))
        plan = prepare(os.environ, sys.argv[1:], sockets)
        supervisor = Supervisor(plan, run_state.file(os.environ), _say)
    except StartError as error:
        sys.exit(f"ocr-serve: {error}")
    try:
        with supervisor:
            supervisor.wait()
    except StartError as error:
        sys.exit(f"ocr-serve: {error}; its messages are above")
    except KeyboardInterrupt:
        status = supervisor.exit_status
        sys.exit(status if status >= 0 else 128 - status)
    sys.exit(1)


def prepare(environment: Mapping[str, str], flags: Sequence[str], sockets: ExitStack) -> Plan:
    """Choose and write what suits this machine, and say so.

    Args:
        environment: With the variables of `USAGE`.
        flags: Further flags of tritonserver.
        sockets: Closes those that the plan has.

    Returns:
        How the server is to be run.

    Raises:
        StartError: The server cannot start here.
    """
    key, is_gated = triton_flags.admin_key(environment), _is_gated(environment)
    asked = port_flags.read(flags, is_gated=is_gated)
    control.check(flags, "OCR_MODEL_CONTROL=none, explicit or poll")
    chosen = layout.choose(_profile(environment), check_gpu)
    if shortage := machine.shared_memory_shortage():
        raise StartError(shortage)
    source = Source(environment.get("OCR_MODEL_REPOSITORY") or MODELS, _version(environment), _control(environment))
    folder = run_state.temporary(environment) / "ocr-serve"
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier start of this container
    models = source.prepare(chosen, folder)
    _say(models.sentence)
    closed = (*triton_flags.RESTRICTED, triton_flags.SHARED_MEMORY)
    shared_memory = f"ocr-serve-{secrets.token_hex(4)}-"
    doors = ports.open_doors(asked.doors, sockets)
    command = [
        "tritonserver",
        *triton_flags.common(models.place, EXIT_TIMEOUT_S),
        *models.flags,
        *triton_flags.closed(closed, key),
        *triton_flags.shared_memory(shared_memory),
        *_client_shared_memory(environment),
        *triton_flags.own_ports(doors.own),
        *asked.others,
    ]
    host, port = (ports.LOOPBACK, doors.own[HTTP]) if is_gated else (asked.http.host, asked.http.port)
    return Plan(
        command=command,
        environment={**environment, **chosen.profile.environment},
        api=HttpApi(host, port, key, models.ensembles),
        shared_memory=shared_memory,
        log=None,
        start_timeout_s=START_TIMEOUT_S,
        stop_timeout_s=EXIT_TIMEOUT_S,
        gate=gate.plan(doors, shared_memory, EXIT_TIMEOUT_S, None, models.ensembles) if is_gated else None,
        metrics=MetricsPlan(doors.sockets[METRICS], doors.own[METRICS]) if METRICS in doors.sockets else None,
        kept=models.kept,
        can_reload=source.mode == control.EXPLICIT,
    )


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


def _client_shared_memory(environment: Mapping[str, str]) -> list[str]:
    if environment.get("OCR_CLIENT_SHM") != "1":
        return []
    asked = subprocess.run(["tritonserver", "--help"], env=environment, capture_output=True, text=True, check=False)  # noqa: S607 - as the plan's command
    return triton_flags.client_shared_memory(asked.stdout + asked.stderr)


def _profile(environment: Mapping[str, str]) -> str:
    profile = environment.get("OCR_PROFILE") or profiles.AUTO
    if profile not in profiles.PROFILES:
        raise StartError(f"OCR_PROFILE is {profile!r}; it must be one of {', '.join(profiles.PROFILES)}")
    return profile


def _is_gated(environment: Mapping[str, str]) -> bool:
    if (asked := environment.get("OCR_GATE") or "1") not in ("0", "1"):
        raise StartError(f"OCR_GATE is {asked!r}; it must be 1, or 0 for a server without a gate")
    return asked == "1"


def _version(environment: Mapping[str, str]) -> int | None:
    asked = environment.get("OCR_VERSION") or None
    if asked and not re.fullmatch("[1-9][0-9]{0,8}", asked):
        raise StartError(f"OCR_VERSION is {asked!r}; it must be the number of a version, such as 2")
    return int(asked) if asked else None


def _control(environment: Mapping[str, str]) -> str:
    mode = environment.get("OCR_MODEL_CONTROL") or control.EXPLICIT
    if mode not in control.MODES:
        raise StartError(f"OCR_MODEL_CONTROL is {mode!r}; it must be one of {', '.join(control.MODES)}")
    return mode


def _say(sentence: str) -> None:
    print(f"ocr-serve: {sentence}", file=sys.stderr, flush=True)
