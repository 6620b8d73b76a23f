"""A container fits its models to the cores that it is given, as the embedded server does, and says so."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image.container import Container, running
from tests.image.image import Image
from tests.project import MODEL_REPOSITORY, ROOT


def sentence(said: str) -> str:
    """What a launcher says of the machine and the models, without where they are."""
    (found,) = re.findall(r"Profile \w+: .*? graphs[^.]*\.", said)
    return str(found)


def counts(container: Container) -> dict[str, int]:
    """Instances of the models, as the running server tells them."""
    models = ("image_preprocessing", "text_detection", "text_cropping", "ctc_decoding", "text_recognition")
    configs = {}
    for model in models:
        script = f"import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/v2/models/{model}/config').read().decode())"
        configs[model] = json.loads(container.run("python3", "-c", script).stdout)
    return {model: config["instance_group"][0]["count"] for model, config in configs.items()}


@pytest.mark.parametrize(
    ("limit", "cores", "threads"),
    [
        pytest.param("--cpuset-cpus=0", "1 core", 1, id="one-core"),
        pytest.param("--cpuset-cpus=0,1", "2 cores", 2, id="two-cores"),
        pytest.param("--cpus=1.5", "1.5 cores (the quota of this container)", 2, id="a-quota-of-1.5"),
    ],
)
def test_a_container_fits_the_models_to_its_cores(
    image: Image, tmp_path: Path, limit: str, cores: str, threads: int
) -> None:
    with running(image, tmp_path / "log", limit) as container:
        said = sentence(container.log.read_text())
        assert f"On {cores}: 1 detector of {threads} thread" in said
        assert counts(container) == {
            "image_preprocessing": 2,
            "text_detection": 1,
            "text_cropping": 2,
            "ctc_decoding": 8,  # one for each page
            "text_recognition": 2,
        }


def test_the_image_and_the_embedded_server_say_the_same(container: Container) -> None:
    command = [sys.executable, "-m", "server", "--model-repository", str(MODEL_REPOSITORY)]
    command += ["--http-port", "0", "--grpc-port", "0", "--metrics-port", "0", "--", "true"]
    embedded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ)  # noqa: S603 - our own
    assert sentence(container.log.read_text()) == sentence(embedded.stderr)


def test_configured_leaves_the_files_alone(image: Image, tmp_path: Path) -> None:
    with running(image, tmp_path / "log", "--env=OCR_PROFILE=configured") as container:
        assert "Instances and threads are those of the configurations" in container.log.read_text()
        assert container.run("ocr-health", "deep").stdout == ""
