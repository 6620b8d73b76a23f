"""What is in the image and what is not."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from ocr_client import BadOption, OcrClient
from tests.image.container import running
from tests.image.image import Image, build
from tests.project import ROOT, SAMPLES

# What a working tree may hold and a build must not see.
NOT_FOR_THE_BUILD = (
    ".env",
    ".git/config",
    ".venv/bin/python",
    "demo/street.png",
    "shared/data/labels.json",
    "ocr_core/__pycache__/ctc.cpython-312.pyc",
    "model_repository/ctc_decoding/1/__pycache__/model.cpython-312.pyc",
    "model_repository/ctc_decoding/1/recognizer.json",
    "model_repository/text_detection/1/model.onnx",
    "model_repository/text_detection/2/model.onnx",
)
FOR_THE_BUILD = (
    "pyproject.toml",
    "ocr_launch/serve.py",
    "ocr_core/ctc.py",
    "model_repository/ctc_decoding/1/model.py",
    "model_repository/text_detection/config.pbtxt",
    "model_repository/text_detection/configs/gpu.pbtxt",
)


def within(image: Image, name: str, *command: str) -> str:
    """What a command prints in a container of an image; it is root there, and may look everywhere."""
    program, *arguments = command
    options = ("--rm", "--user=0", f"--entrypoint={program}")
    return image.docker.run("run", *options, name, *arguments).stdout


def packages(image: Image, name: str) -> set[str]:
    """Names of an image's Python packages."""
    listed = within(image, name, "python3", "-m", "pip", "list", "--format=json", "--disable-pip-version-check")
    # Pip's warnings go before the list.
    return {entry["name"] for entry in json.loads(listed[listed.index("[{") :])}


def test_what_the_steps_and_the_launcher_need_is_all_that_comes_to_the_bases_packages(image: Image) -> None:
    """Nothing of the export: no torch, no TensorFlow, no onnx, no client."""
    of_python_steps = {"numpy", "opencv-python-headless", "pillow", "psutil"}
    needed = {"ocr-triton", "aiohttp", "click", "grpcio", "tritonclient"} | of_python_steps
    of_tritonclient = {"ml_dtypes", "protobuf", "python-rapidjson", "typing_extensions", "urllib3"}
    of_aiohttp = {"aiohappyeyeballs", "aiosignal", "attrs", "frozenlist", "idna", "multidict", "propcache", "yarl"}
    there = packages(image, image.tag)
    assert needed <= there
    assert there - packages(image, image.base) <= needed | of_tritonclient | of_aiohttp


@pytest.mark.parametrize("folder", ["/build", "/models", "/root", "/tmp", "/var/cache"])  # noqa: S108
def test_nothing_is_left_of_the_build(image: Image, folder: str) -> None:
    find = ("bash", "-c", f"[ ! -e {folder} ] || find {folder} -type f")
    assert set(within(image, image.tag, *find).split()) <= set(within(image, image.base, *find).split())


def test_a_build_sees_the_sources_and_nothing_else_of_the_working_tree(image: Image, tmp_path: Path) -> None:
    context, dockerfile = tmp_path / "context", tmp_path / "Dockerfile"
    for name in (*NOT_FOR_THE_BUILD, *FOR_THE_BUILD):
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).touch()
    (context / ".dockerignore").write_text((ROOT / ".dockerignore").read_text())
    dockerfile.write_text(f"FROM {image.base}\nCOPY . /context\n")
    copied = image.docker.run("build", "--quiet", "--file", str(dockerfile), str(context)).stdout.strip()
    found = within(image, copied, "find", "/context", "-type", "f", "-printf", "%P\n")
    image.docker.run("rmi", copied)
    assert sorted(found.splitlines()) == sorted(FOR_THE_BUILD)


def test_build_arguments_choose_the_models(image: Image, tmp_path: Path) -> None:
    models = {"DETECTOR": "ppocrv6-tiny", "RECOGNIZER": "ppocrv6-tiny", "LANGUAGES": "de=ppocrv6-tiny fr=ppocrv6-tiny"}
    tiny = build(image.docker, image.base, f"{image.tag}-tiny", **models)
    for model in ("text_detection", "text_recognition"):
        file = ("stat", "--format=%s", f"/opt/ocr/model_repository/{model}/1/model.onnx")
        assert int(within(image, tiny.tag, *file)) < int(within(image, image.tag, *file)) / 2
    with running(tiny, tmp_path / "log") as container, OcrClient(container.triton.url) as client:
        assert container.run("ocr-health", "deep").stdout == ""
        texts = [client.read(SAMPLES / "label.png", language=language).text for language in ("default", "de", "fr")]
        assert texts == [texts[0]] * 3
        with pytest.raises(BadOption, match=r"this server has default, de, fr$"):
            client.read(SAMPLES / "label.png", language="ru")


def test_the_server_may_keep_tensorrts_engines(image: Image) -> None:
    options = ("--rm", "--volume=/var/cache/ocr-triton", "--entrypoint=touch")
    image.docker.run("run", *options, image.tag, "/var/cache/ocr-triton/engine")


def test_the_image_says_what_it_is(image: Image) -> None:
    labels = json.loads(image.docker.inspect(image.tag, "{{json .Config.Labels}}"))
    prefix = "org.opencontainers.image."
    assert all(labels[f"{prefix}{name}"] for name in ("title", "description", "licenses"))
    assert labels[f"{prefix}version"] == version("ocr-triton")
    assert image.docker.has(f"{image.tag}:{version('ocr-triton')}")


def test_the_bases_entry_point_runs_our_command(image: Image) -> None:
    settings = json.loads(image.docker.inspect(image.tag, "{{json .Config}}"))
    assert settings["Entrypoint"] == ["/opt/nvidia/nvidia_entrypoint.sh"]
    assert settings["Cmd"] == ["ocr-serve"]


def test_what_is_added_to_the_base_is_less_than_330_mb(image: Image) -> None:
    """Of these, four graphs of both networks take 83, and packages 238: each graph that holds all weights counts."""
    size, base = image.sizes_mb
    print(f"image {size:.0f} MB, base {base:.0f} MB")
    assert size - base < 330
