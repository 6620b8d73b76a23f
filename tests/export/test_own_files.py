"""PP-OCR files of the user's own: recognizers of other scripts, other versions, and files that are something else.

The recognizers here are PP-OCRv6 tiny with other classes: each letter of the Latin alphabet has become one of another
script, so that it is known what they must read.
"""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from onnx import ModelProto, helper

from downloads import DownloadError
from export import graph, languages, own_files, verify
from export import weights as export_weights
from export.__main__ import main
from export.choices import RECOGNIZERS
from export.contract import DetectorExport, RecognizerExport
from export.repository import ModelRepository
from ocr_client import BadOption, OcrClient
from ocr_core import ctc
from server.triton import TritonServer
from tests.export.conftest import CHOICE
from tests.export.test_exporter import network, said
from tests.project import SAMPLES

LATIN = [chr(code) for code in range(0x21, 0x7F)]
# Where each begins in Unicode.
SCRIPTS = {
    "Cyrillic": "\u0410",
    "Korean": "\uac00",
    "Arabic": "\u0671",
    "Devanagari": "\u0904",
}
Make = Callable[..., Path]


def ciphered(text: str, script: str) -> str:
    """A text with each Latin letter as one of the script; digits and signs stay."""
    letters = (chr(code) for code in range(ord(SCRIPTS[script]), 0x110000) if chr(code).isalpha())
    return text.translate(
        {ord(latin): other for latin, other in zip(filter(str.isalpha, LATIN), letters, strict=False)}
    )


@pytest.fixture(scope="session")
def make(weights: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Make:
    """What makes a recognizer of a script, with or without the list of its characters inside, and that list's path."""

    def file(script: str, *, characters_inside: bool = True) -> Path:
        published, listed = weights["recognizer"]
        alphabet = ["", *listed.read_text(encoding="utf-8").removesuffix("\n").split("\n"), " "]
        folder = tmp_path_factory.mktemp(script)
        characters = folder / "characters.txt"
        characters.write_text(ciphered("\n".join(LATIN), script) + "\n", encoding="utf-8")
        model = with_classes(onnx.load(published), [alphabet.index(letter) for letter in ["", *LATIN, " "]])
        if characters_inside:
            helper.set_model_props(model, {"character": characters.read_text(encoding="utf-8").removesuffix("\n")})
        onnx.save(model, folder / f"{script}.onnx")
        return folder / f"{script}.onnx"

    return file


def with_classes(model: ModelProto, classes: list[int]) -> ModelProto:
    """A recognizer with some of its classes, in another order."""
    for name in ("linear_1.w_0", "linear_1.b_0"):
        graph.replace_initializer(model, name, graph.initializer(model, name)[..., classes])
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = len(classes)
    return model


def export_own(root: Path, *arguments: object) -> Result:
    """`python -m export` with the smallest detector and a recognizer of one's own."""
    command = ["--detector", CHOICE, "--cpu-precision", "float32", "--model-repository", root, "--recognizer"]
    return CliRunner().invoke(main, [str(argument) for argument in (*command, *arguments)])


def read(export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> list[str]:
    run, texts = verify.runner(export.graph), []
    for batch in verify.line_batches(lines, export.recognizer):
        outputs = run(batch)
        texts += ctc.decode(outputs["indices"], outputs["confidences"], export.recognizer.characters)[0]
    return texts


@pytest.fixture(scope="session")
def some_lines(recognizer: RecognizerExport, lines: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    """Lines of letters alone, of which it is known how they look in another script."""
    return [line for line in lines[:12] if re.fullmatch("[A-Za-z ]+", read(recognizer, [line])[0])]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_file_of_another_script_reads_it_in_the_order_of_reading(
    script: str, make: Make, recognizer: RecognizerExport, some_lines: list[NDArray[np.uint8]]
) -> None:
    choice = own_files.recognizer(f"paddleocr:{make(script)}", None)
    expected = [ciphered(text, script) for text in read(recognizer, some_lines)]
    if script == "Arabic":
        expected = [text[::-1] for text in expected]
    assert len(expected) > 3
    assert read(choice.build(*export_weights.fetch_all(choice.sources)), some_lines) == expected


def test_a_file_and_its_list_are_exported_verified_and_served(make: Make, tmp_path: Path) -> None:
    file, root = make("Arabic", characters_inside=False), tmp_path / "repository"
    arguments = (f"paddleocr:{file}", "--characters", file.with_name("characters.txt"))
    done = export_own(root, *arguments)
    assert done.exit_code == 0, done.output
    assert re.search(r"recognizer: \d+ batches, largest difference \d\.\de-\d\d, \d+ texts equal", done.stderr)
    manifest = ModelRepository(root, version=1).manifest
    assert manifest
    notes = manifest.inputs["text_recognition"]
    assert (notes["choice"], notes["source"]) == ("paddleocr:Arabic.onnx", "Arabic.onnx, characters.txt")
    assert notes["licence"] == "NOASSERTION, NOASSERTION"
    assert str(tmp_path) not in str(notes)
    assert "already" in export_own(root, *arguments).stderr  # and not exported again
    with TritonServer(root, log=tmp_path / "triton.log") as server, OcrClient(server.url) as client:
        page = client.read(SAMPLES / "label.png", words=True)
    in_latin = (SAMPLES / "label.txt").read_text(encoding="utf-8").splitlines()
    in_arabic = {ciphered(line, "Arabic")[::-1] for line in in_latin if line.replace(" ", "").isalpha()}
    assert len(in_arabic) == 3
    assert in_arabic <= {line.text for line in page.lines}
    assert all(" ".join(word.text for word in line.words or ()).split() == line.text.split() for line in page.lines)


def test_a_request_chooses_the_recognizer_by_its_language(make: Make, root: Path, tmp_path: Path) -> None:
    done = export_own(root, f"paddleocr:{make('Cyrillic')}", "--language", "ru")
    assert done.exit_code == 0, done.output
    with TritonServer(root, log=tmp_path / "triton.log") as server, OcrClient(server.url) as client:
        latin, cyrillic, same = (
            client.read(SAMPLES / "label.png", language=language).text for language in (None, "ru", "default")
        )
        with pytest.raises(BadOption, match=r"^language is 'ko'; this server has default, ru$"):
            client.read(SAMPLES / "label.png", language="ko")
        assert "text_recognition_ru" in [model.name for model in client.server_info().models]
    assert latin == same == (SAMPLES / "label.txt").read_text(encoding="utf-8").strip()
    assert cyrillic == ciphered(latin, "Cyrillic")


def test_a_detector_of_ones_own_is_the_same_as_the_built_in_one(
    weights: dict[str, list[Path]], detector: DetectorExport
) -> None:
    (file,) = weights["detector"]
    choice = own_files.detector(f"paddleocr:{file}")
    assert choice.build(*(source.file for source in choice.sources)).detector == detector.detector


def is_refused(root: Path, sentence: str, *arguments: object) -> bool:
    """Whether an export ends with just this sentence, and nothing is written."""
    return re.fullmatch(f"Error: {sentence}", said(export_own(root, *arguments))) is not None and not root.exists()


def test_a_file_that_is_no_recognizer_is_refused(weights: dict[str, list[Path]], tmp_path: Path) -> None:
    root, (detector, characters) = tmp_path / "new", (*weights["detector"], weights["recognizer"][1])
    shape = r"\?×3×\?×\?, \?×1×\?×\?, not \?×3×48×\?, \?×\?×\?"
    other = f"{detector.name} is not a recognizer of PP-OCR: it takes and gives {shape}"
    assert is_refused(root, other, f"paddleocr:{detector}")
    assert is_refused(root, ".* is not an ONNX file, or is a broken one", f"paddleocr:{characters}")
    assert is_refused(root, "cannot read nowhere.onnx: No such file or directory", "paddleocr:nowhere.onnx")


def test_a_recognizer_of_a_version_before_the_third_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "old.onnx"
    file.write_bytes(network(["n", 3, 32, "w"], ["n", "t", 97]))
    assert is_refused(tmp_path / "new", r"old.onnx is not a recognizer of .* \?×3×32×\?, .*", f"paddleocr:{file}")


def test_characters_of_another_file_are_refused(make: Make, tmp_path: Path) -> None:
    root, file, other = tmp_path / "new", make("Korean", characters_inside=False), tmp_path / "other.txt"
    other.write_text("가\n나\n", encoding="utf-8")
    missing = "Korean.onnx carries no list of its characters; give it with --characters FILE, one a line"
    assert is_refused(root, missing, f"paddleocr:{file}")
    wrong = "the recognizer has 96 classes, its character list gives 4: the blank, 2 characters and the space"
    assert is_refused(root, wrong, f"paddleocr:{file}", "--characters", other)
    nowhere = "cannot read nowhere.txt: No such file or directory"
    assert is_refused(root, nowhere, f"paddleocr:{file}", "--characters", "nowhere.txt")
    useless = "--characters is of use with --recognizer paddleocr:FILE.onnx alone: ppocrv6-tiny has its own"
    assert is_refused(root, useless, CHOICE, "--characters", other)


def test_weights_at_an_address_out_of_reach_are_named_with_the_way_to_give_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    monkeypatch.setenv("OCR_TRITON_CACHE", str(tmp_path / "cache"))
    choice = RECOGNIZERS["ppocrv5-korean"]
    with pytest.raises(DownloadError) as caught:
        export_weights.fetch_all(export_weights.find(choice, {}))
    assert str(caught.value) == (
        f"cannot reach {choice.sources[0].url}: Name or service not known; "
        "if you have the file, give it with --weights ppocrv5-korean-rec=FILE"
    )


@pytest.mark.parametrize("script", languages.PPOCRV5)
def test_the_named_recognizers_have_an_address_and_a_hash(script: str) -> None:
    (source,) = RECOGNIZERS[f"ppocrv5-{script}"].sources
    assert re.fullmatch(r"https://\S+_PP-OCRv5_rec_mobile\.onnx", source.url)
    assert re.fullmatch("[0-9a-f]{64}", source.sha256)
    assert source.licence == "Apache-2.0"
