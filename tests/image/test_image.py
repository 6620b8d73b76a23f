"""What is in the image and what is not."""

import json

import pytest

from tests.image.container import Container
from tests.image.image import Image


@pytest.fixture(scope="module")
def packages(container: Container) -> set[str]:
    """Names of the Python packages in the image."""
    listed = container.run("python3", "-m", "pip", "list", "--format=json", "--disable-pip-version-check").stdout
    # Pip may say before the list that it can write no cache.
    return {entry["name"] for entry in json.loads(listed[listed.index("[{") :])}


def test_the_steps_packages_are_there_and_those_of_the_export_are_not(packages: set[str]) -> None:
    assert {"ocr-triton", "numpy", "opencv-python-headless", "pillow"} <= packages
    assert not packages & {"torch", "tensorflow", "tensorflow-cpu", "onnx", "tritonclient", "click", "hatchling"}


@pytest.mark.parametrize("folder", ["/root/.cache", "/build", "/models", "/var/cache/ocr-triton", "/tmp"])  # noqa: S108
def test_nothing_is_left_of_the_build(image: Image, folder: str) -> None:
    command = ("run", "--rm", "--user=0", "--entrypoint=find", image.tag, folder, "-type", "f")
    found = image.docker.run(*command, check=False).stdout
    assert found == "" or "No such file or directory" in found


def test_the_image_says_what_it_is(image: Image) -> None:
    labels = json.loads(image.docker.inspect(image.tag, "{{json .Config.Labels}}"))
    prefix = "org.opencontainers.image."
    assert {f"{prefix}{name}" for name in ("title", "description", "version", "licenses")} <= set(labels)


def test_the_bases_entry_point_runs_our_command(image: Image) -> None:
    settings = json.loads(image.docker.inspect(image.tag, "{{json .Config}}"))
    assert settings["Entrypoint"] == ["/opt/nvidia/nvidia_entrypoint.sh"]
    assert settings["Cmd"] == ["ocr-serve"]


def test_what_is_added_to_the_base_is_less_than_300_mb(image: Image) -> None:
    size, base = image.sizes_mb
    print(f"image {size:.0f} MB, base {base:.0f} MB")
    assert size - base < 300
