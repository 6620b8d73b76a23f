"""`--triton`: the server that the tests talk to."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.triton import TritonServer
from tests.image.container import Container, running
from tests.image.docker import daemon
from tests.image.image import Image, build, find_base
from tests.project import MODEL_REPOSITORY
from tests.triton import Triton, check

# Tests of one way to run a server, by how their ids begin. They are deselected, and counted by pytest as such, where
# another is chosen.
TESTS_OF = {
    "embedded": (
        "tests/server/test_lifecycle.py",
        "tests/server/test_trace.py",
        "tests/server/test_counts.py",
        "tests/server/test_versions.py",
        "tests/server/test_control_modes.py",
        "tests/server/test_repositories.py",
        "tests/server/test_services.py",
        "tests/server/test_truth.py",
        # Ports behind the gate, which a container keeps to itself, and a clock that it shares.
        "tests/server/test_inner_models.py",
        "tests/server/test_client_resume.py",
        # A container has shared memory of its own, and the image closes this API, ...
        "tests/server/test_client_shared_memory.py",
        "tests/server/test_client_guide.py::test_the_examples_of_a_section_print_what_it_says[Shared memory]",
        # ... as it does the one that lists the models.
        "tests/server/test_client_transports.py::test_the_server_describes_itself",
        "tests/server/test_client_command.py::test_status_",
        "tests/server/test_client_examples.py::test_an_example_prints_what_is_in_the_images[OcrClient.server_info]",
    ),
    "image": ("tests/image/",),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--triton",
        default="embedded",
        metavar="embedded|image|HOST:PORT[,HOST:PORT]",
        help="The server under test: the embedded one, started for this run (the default), a container of the "
        "production image, built and run for this run, or the one that listens for HTTP (and for gRPC) here. "
        "A missing server is an error.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    choice: str = config.getoption("--triton")
    others = tuple(start for way, starts in TESTS_OF.items() if way != choice for start in starts)
    deselected = [item for item in items if item.nodeid.startswith(others)]
    config.hook.pytest_deselected(items=deselected)
    items[:] = [item for item in items if item not in deselected]


@pytest.fixture(scope="session", autouse=True)
def heed_interruptions() -> Iterator[None]:
    """Let what tests start be interrupted, also where a script runs them with `&`: shells let that ignore it."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def triton(
    pytestconfig: pytest.Config, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Triton]:
    """The server under test; the first test that asks for it starts it."""
    choice: str = pytestconfig.getoption("--triton")
    if choice == "embedded":
        with _embedded(tmp_path_factory.mktemp("triton") / "triton.log") as server:
            yield server
    elif choice == "image":
        container: Container = request.getfixturevalue("container")
        yield container.triton
    else:
        yield check(choice)


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    """The production image as the working tree makes it."""
    with daemon() as docker:
        yield build(docker, *find_base(docker))


@pytest.fixture(scope="session")
def container(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A container that serves for the whole run, hardened as the documentation does it."""
    with running(image, tmp_path_factory.mktemp("container") / "log") as served:
        yield served


@contextmanager
def _embedded(log: Path) -> Iterator[Triton]:
    # A connection that a failed test left open may not hold up the end for long.
    with TritonServer(MODEL_REPOSITORY, log=log, stop_timeout_s=10) as server:
        yield Triton(server.url, server.grpc_url, log, server.own_grpc_url, server.metrics_url)
