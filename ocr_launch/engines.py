"""`ocr-engines`: build TensorRT's engines before a server needs them.

ONNX Runtime builds an engine while it loads the model, for minutes, and keeps it in the folder that the configuration
names; the next start finds it there. So building ahead is loading each such model once, in a server that nobody asks.
What was built is noted beside the engines, and not built again.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ocr_launch import control, layout, machine, ports, profiles, triton_flags, whole_file
from ocr_launch.errors import StartError
from ocr_launch.http_api import HttpApi
from ocr_launch.layout import Layout
from ocr_launch.model_config import ModelConfig
from ocr_launch.ports import LOOPBACK
from ocr_launch.profiles import Profile
from ocr_launch.repository import Repository

ACCELERATOR = "tensorrt"
# Where the image's backend has the provider; without it, the model would run on CUDA and no engine would be built.
PROVIDER = Path("/opt/tritonserver/backends/onnxruntime/libonnxruntime_providers_tensorrt.so")
NOTES = "engines.json"
BOUNDS = ("min", "opt", "max")
POLL_S, PROGRESS_S, TIMEOUT_S, STOP_S = 0.5, 10.0, 3600.0, 30.0

Say = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Engine:
    """The engine of one model.

    Attributes:
        model: Its name.
        folder: Where the engine is kept.
        shapes: Of the model's input, the least, the usual and the greatest.
        key: Of all that decides the engine: the graph, the settings, the GPU, the server.
    """

    model: str
    folder: Path
    shapes: tuple[str, ...]
    key: str

    def is_built(self) -> bool:
        """Whether just this engine was built, and is still there."""
        note = read_notes(self.folder).get(self.model, {})
        files = note.get("files", [])
        return note.get("key") == self.key and bool(files) and all((self.folder / name).exists() for name in files)


def plan(repository: Repository, device: str) -> list[Engine]:
    """The engines that the profile `tensorrt` needs.

    Args:
        repository: The exported models.
        device: Which GPU, driver and server they are for.

    Raises:
        StartError: A model has not been exported, or its configuration names no folder for its engine.
    """
    configs = {model: repository.config(model, profiles.TENSORRT) for model in repository.onnx_models}
    return [
        _engine(model, config, dict(accelerator.parameters), repository, device)
        for model, config in configs.items()
        for accelerator in config.optimization.execution_accelerators.gpu_execution_accelerator
        if accelerator.name == ACCELERATOR
    ]


def read_notes(folder: Path) -> dict[str, dict[str, Any]]:
    """What was built: by the model's name its key and its files; nothing if that cannot be read."""
    try:
        notes = json.loads((folder / NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}


def build(engine: Engine, command: Sequence[str], is_ready: Callable[[], bool], say: Say) -> None:
    """Build one engine, and note it.

    Args:
        engine: It.
        command: A server that loads its model.
        is_ready: Whether it has done so.
        say: Is told how far it is.

    Raises:
        StartError: The server ends, or takes too long, or no engine is there afterwards.
    """
    before, start_s = _files(engine.folder), time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as server:  # noqa: S603 - ours
        try:
            _wait(engine.model, server, is_ready, say)
        finally:
            server.terminate()
            try:
                server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                server.kill()
    files = sorted(name for name, changed in _files(engine.folder).items() if before.get(name) != changed)
    files = files or sorted(_files(engine.folder))  # it was there, only not noted
    if not any(name.endswith(".engine") for name in files):
        raise StartError(
            f"{engine.model} was loaded and no engine is in {engine.folder}; see the server's messages above"
        )
    notes = read_notes(engine.folder) | {engine.model: {"key": engine.key, "files": files}}
    whole_file.write(engine.folder / NOTES, json.dumps(notes, indent=1))
    say(f"{engine.model}: built in {time.monotonic() - start_s:.0f} s: {', '.join(files)}")


def check_machine() -> None:
    """There is what building takes.

    Raises:
        StartError: There is not.
    """
    if not machine.has_gpu():
        raise StartError("an engine is built on the GPU that it is for, and there is none here: docker run --gpus all")
    if not (shutil.which("tritonserver") and PROVIDER.exists()):
        raise StartError("there is no tritonserver with TensorRT here: run ocr-engines in the image")


def main(arguments: Sequence[str] | None = None) -> None:
    """List the engines, or build those that are missing."""
    parser = argparse.ArgumentParser(prog="ocr-engines", description=__doc__.partition("\n\n")[2])
    parser.add_argument(
        "command", choices=["list", "build"], help="tell which there are to be, or build what is missing"
    )
    parser.add_argument("--model-repository", type=Path, default=Path("/opt/ocr/model_repository"), metavar="DIR")
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "build":
            check_machine()
        repository = Repository(asked.model_repository)
        engines = plan(repository, _device())
        if asked.command == "list":
            print("\n".join(describe(engine) for engine in engines))
        else:
            _build_all(repository, engines)
    except StartError as error:
        sys.exit(f"ocr-engines: {error}")


def describe(engine: Engine) -> str:
    """One engine, for people."""
    state = "built" if engine.is_built() else "missing"
    return f"{engine.model}: {', '.join(engine.shapes)} (least, usual, greatest), in {engine.folder}: {state}"


def _build_all(repository: Repository, engines: Sequence[Engine]) -> None:
    chosen = Layout(Profile(profiles.TENSORRT, "for its engines"), machine.find_cores(), machine.has_vnni())
    with tempfile.TemporaryDirectory(prefix="ocr-engines-") as folder:
        root = layout.arrange(repository, chosen, Path(folder) / "models")
        for place, engine in enumerate(engines, 1):
            if engine.is_built():
                _say(f"{engine.model} ({place} of {len(engines)}): there already")
                continue
            if not os.access(engine.folder, os.W_OK):
                raise StartError(f"cannot write into {engine.folder}: mount a volume there")
            _say(f"{engine.model} ({place} of {len(engines)}): building, which takes minutes ...")
            with ports.hold() as door:
                port = ports.port_of(door)
                is_ready = partial(HttpApi(LOOPBACK, port).is_ready, POLL_S, engine.model)
                build(engine, _command(root, engine.model, port), is_ready, _say)


def _command(root: Path, model: str, port: int) -> list[str]:
    """A server that loads one model and answers on this machine only."""
    flags = [*triton_flags.common(str(root), STOP_S), *triton_flags.own_ports({ports.HTTP: port})]
    flags += [*control.flags(control.EXPLICIT, [model]), "--allow-grpc=false", "--allow-metrics=false"]
    return ["tritonserver", *flags]


def _engine(model: str, config: ModelConfig, parameters: dict[str, str], repository: Repository, device: str) -> Engine:
    cache = parameters.get("trt_engine_cache_path")
    if not cache:
        raise StartError(f"the configuration of {model} names no trt_engine_cache_path")
    tensor = config.input[0].name
    shapes = [_shape(parameters.get(f"trt_profile_{bound}_shapes", ""), tensor) for bound in BOUNDS]
    whole = hashlib.sha256(repository.graph(model, config).read_bytes())
    whole.update(json.dumps([parameters, device], sort_keys=True).encode())
    return Engine(model, Path(cache), tuple(shapes), whole.hexdigest())


def _shape(entries: str, tensor: str) -> str:
    """The shape of one tensor.

    >>> _shape("crops:1x48x32x3,crops_nchw:1x3x48x32", "crops")
    '1x48x32x3'
    """
    named = dict(entry.split(":", 1) for entry in entries.split(",") if ":" in entry)
    return named.get(tensor, "any")


def _device() -> str:
    """Which GPU, driver and server an engine is for; empty where nobody can tell."""
    program = shutil.which("nvidia-smi")
    asked = [program or "", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout if program else ""  # noqa: S603 - ours
    return f"{told.partition(chr(10))[0]}, Triton {os.environ.get('TRITON_SERVER_VERSION', '')}"


def _wait(model: str, server: "subprocess.Popen[bytes]", is_ready: Callable[[], bool], say: Say) -> None:
    start_s = told_s = time.monotonic()
    while not is_ready():
        now_s = time.monotonic()
        if server.poll() is not None:
            raise StartError(f"the server ended with status {server.returncode} while it loaded {model}")
        if now_s - start_s > TIMEOUT_S:
            raise StartError(f"{model} is not loaded after {TIMEOUT_S:.0f} s")
        if now_s - told_s >= PROGRESS_S:
            told_s = now_s
            say(f"{model}: building for {now_s - start_s:.0f} s ...")
        time.sleep(POLL_S)


def _files(folder: Path) -> dict[str, int]:
    """Name → when it was changed, of engines and their profiles."""
    found = [*folder.glob("*.engine"), *folder.glob("*.profile")]
    return {file.name: file.stat().st_mtime_ns for file in found}


def _say(sentence: str) -> None:
    print(f"ocr-engines: {sentence}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
