"""`ocr-health`: three questions about the server that `ocr-serve` keeps running in this container.

    live     is it kept running? Cheap, and never waits for images: a server that is busy is well
    ready    does it take images now? Not while it starts, lacks a process, or has refused images for long. A server
             that is alone had better refuse than be out of reach: --alone leaves the last reason out
    deep     does it read? Small images go through the ensemble, as many as it takes to meet every process

Exit status 0 is yes; otherwise the sentence on stderr says what is wrong.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click

from ocr_launch import run_state
from ocr_launch.http_api import ApiError, HttpApi, instances
from ocr_launch.names import ENSEMBLE
from ocr_launch.pulse import HEADERS, picture
from ocr_launch.run_state import RunState

LIVE, READY, DEEP = "live", "ready", "deep"
ANSWER_TIMEOUT_S = 5.0
# For all images of the deep check together; Docker and Kubernetes end a check after 30 s.
DEEP_TIMEOUT_S = 25.0
# What is said while the supervisor is at something else than serving.
SENTENCES = {
    run_state.STARTING: "the server is starting",
    run_state.RESTARTING: "a process has failed and is being brought back",
    run_state.STOPPING: "the server is stopping",
    run_state.GAVE_UP: "the server could not be kept running",
}


class Unhealthy(RuntimeError):
    """What is wrong."""


@click.command()
@click.argument("question", type=click.Choice([LIVE, READY, DEEP]), default=LIVE)
@click.option("--alone", "is_alone", is_flag=True, help="No other server takes the images: ready, though overloaded.")
def main(question: str, is_alone: bool) -> None:
    """Tell whether the server is kept running (live), takes images (ready), or reads them (deep)."""
    sys.exit(diagnose(question, run_state.file(os.environ), is_alone=is_alone))


def diagnose(question: str, state_file: Path, *, is_alone: bool = False) -> str | None:
    """What is wrong; None if nothing is.

    Args:
        question: `live`, `ready` or `deep`.
        state_file: Of the supervisor.
        is_alone: A server that has been overloaded for long is ready all the same.
    """
    try:
        state = _known(state_file)
        if question == LIVE:
            check_live(state)
        else:
            check_ready(state)
        if question == READY and state.is_overloaded and not is_alone:
            return f"the server is overloaded: it has been refusing images for half a minute, {state.refused} in all"
        if question == DEEP:
            check_deep(HttpApi(state.host, state.port))
    except (Unhealthy, ApiError) as error:
        return str(error)
    return None


def check_live(state: RunState) -> None:
    """The supervisor is there, and the server answers or is being brought back.

    Raises:
        Unhealthy: It is not so.
    """
    if state.state == run_state.RESTARTING:
        return
    if state.state != run_state.SERVING:
        raise Unhealthy(SENTENCES[state.state])
    if not HttpApi(state.host, state.port).is_live(ANSWER_TIMEOUT_S):
        raise Unhealthy("tritonserver does not answer")


def check_ready(state: RunState) -> None:
    """All processes are there, and the ensemble takes images.

    Raises:
        Unhealthy: It is not so.
    """
    if state.state != run_state.SERVING:
        raise Unhealthy("; ".join((SENTENCES[state.state], *([state.trouble] if state.trouble else state.faults[-1:]))))
    if not HttpApi(state.host, state.port).is_ready(ANSWER_TIMEOUT_S):
        raise Unhealthy(f"{ENSEMBLE} is not ready")


def check_deep(api: HttpApi, timeout_s: float = DEEP_TIMEOUT_S) -> None:
    """Send twice as many images as the model with the most processes has.

    Args:
        api: How to ask the server.
        timeout_s: For all of it.

    Raises:
        Unhealthy: One of the images is not read.
        ApiError: The server answers otherwise than it should, or not in time.
    """
    image = picture()
    until = time.monotonic() + timeout_s
    most = max(instances(config) for config in api.configs(ANSWER_TIMEOUT_S).values() if config.get("backend"))
    for left_s in _left_s(until, 2 * most):
        answer = api.infer(ENSEMBLE, image, HEADERS, left_s)
        shapes = {output["name"]: output["shape"] for output in answer.get("outputs", ())}
        if shapes.get("texts", [0]) == [0]:
            raise Unhealthy("no text is found in an image with text")


def _known(state_file: Path) -> RunState:
    state = run_state.read(state_file)
    if state is None:
        raise Unhealthy("no server was started here with ocr-serve")
    if not state.is_fresh:
        raise Unhealthy("ocr-serve no longer watches its server")
    return state


def _left_s(until_s: float, count: int) -> Iterator[float]:
    """The time that is left, so many times.

    Raises:
        Unhealthy: There is none.
    """
    for number in range(count):
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            raise Unhealthy(f"{number} of {count} small images were read in time: the server is busy")
        yield left_s
