"""`--triton`: the server that the tests talk to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.triton import TritonServer
from tests.image.container import Container, running
from tests.image.docker import daemon
from tests.image.image import Image, build
from tests.project import MODEL_REPOSITORY, ROOT
from tests.triton import Triton, check

# Tests of one way to run a server. They are deselected, and counted by pytest as such, where another is chosen:
# the embedded one's start and stop, and memory that a client shares with it, which a container neither sees nor allows.
TESTS_OF = {
    "embedded": [
        ROOT / "tests" / "server" / name
        for name in ("test_lifecycle.py", "test_client_resume.py", "test_client_shared_memory.py")
    ],
    "image": [ROOT / "tests" / "image"],
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--triton",
        default="embedded",
        metavar="embedded|image|HOST:PORT",
        help="The server under test: the embedded one, started for this run (the default), a container of the "
        "production image, built and run for this run, or the one that listens for HTTP at this address. "
        "A missing server is an error.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    choice: str = config.getoption("--triton")
    others = [path for way, paths in TESTS_OF.items() if way != choice for path in paths]
    deselected = [item for item in items if any(item.path.is_relative_to(path) for path in others)]
    config.hook.pytest_deselected(items=deselected)
    items[:] = [item for item in items if item not in deselected]


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
        yield build(docker)


@pytest.fixture(scope="session")
def container(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A container that serves for the whole run, hardened as the documentation does it."""
    with running(image, tmp_path_factory.mktemp("container") / "log") as served:
        yield served


@contextmanager
def _embedded(log: Path) -> Iterator[Triton]:
    # A connection that a failed test left open may not hold up the end for long.
    with TritonServer(MODEL_REPOSITORY, log=log, stop_timeout_s=10) as server:
        yield Triton(server.url, server.grpc_url, log)
