"""Draw docs/architecture.svg from the configurations: `python -m docs.architecture`.

The steps of the ensemble stand below each other, in the order of the data; beside an arrow are the tensors that the
step above hands to those below. A model that a step calls stands at its right.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from ocr_launch import model_config
from ocr_launch.model_config import ModelConfig
from ocr_launch.names import ENSEMBLE

ROOT = Path(__file__).parent.parent
PICTURE = Path(__file__).parent / "architecture.svg"
# Parameters of a step that name a model.
CALLS = ("detector", "recognizer")
# Pixels.
LEFT, BOX, WIDTH, GAP, LINE, CALLED_LEFT, PICTURE_WIDTH = 20, 56, 250, 30, 17, 480, 780
CHARACTERS = 88

HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" \
font-family="sans-serif" font-size="14">
<defs><marker id="tip" markerWidth="9" markerHeight="9" refX="8" refY="4.5" orient="auto">\
<path d="M0,0 L9,4.5 L0,9 z" fill="#444"/></marker></defs>
<rect width="100%" height="100%" fill="white"/>
"""
FILLS = {"python": "#e7f0fa", "onnxruntime": "#fdeeda"}


def draw(repository: Path) -> str:
    """The picture of a model repository's ensemble, as SVG."""
    steps = list(_config(repository, ENSEMBLE).ensemble_scheduling.step)
    inputs = [tensor.name for tensor in _config(repository, ENSEMBLE).input]
    parts, top = [_text(LEFT, 24, ", ".join(inputs), weight="bold")], 34
    for index, step in enumerate(steps):
        config = _config(repository, step.model_name)
        parts += [_arrow(LEFT + WIDTH / 2, top, LEFT + WIDTH / 2, top + GAP)]
        top += GAP
        parts += [*_box(LEFT, top, config), *_calls(repository, config, top)]
        top += BOX
        below = {tensor for later in steps[index + 1 :] for tensor in later.input_map.values()}
        used = [tensor for tensor in step.output_map.values() if tensor in below]
        answers = [tensor.name for tensor in _config(repository, ENSEMBLE).output]
        told = sorted(used) if index + 1 < len(steps) else answers
        lines = list(_wrapped(told))
        parts += [_text(LEFT + WIDTH / 2 + 14, top + LINE * (row + 1), line) for row, line in enumerate(lines)]
        extra = max(0, LINE * len(lines) + 10 - GAP)
        parts += [_line(LEFT + WIDTH / 2, top, top + extra)] if extra else []
        top += extra
    parts.append(_arrow(LEFT + WIDTH / 2, top, LEFT + WIDTH / 2, top + GAP))
    return HEAD.format(width=PICTURE_WIDTH, height=int(top + GAP + 10)) + "\n".join(parts) + "\n</svg>\n"


def _config(repository: Path, name: str) -> ModelConfig:
    return model_config.read(repository / name / model_config.FILE_NAME)


def _calls(repository: Path, config: ModelConfig, top: float) -> Iterator[str]:
    called = [config.parameters[key].string_value for key in CALLS if key in config.parameters]
    for name in called:
        yield _arrow(LEFT + WIDTH, top + BOX / 2, CALLED_LEFT, top + BOX / 2, dashes=True)
        yield _text(LEFT + WIDTH + 60, top + BOX / 2 - 8, "calls")
        yield from _box(CALLED_LEFT, top, _config(repository, name))


def _box(left: float, top: float, config: ModelConfig) -> Iterator[str]:
    fill = FILLS[config.backend]
    yield f'<rect x="{left}" y="{top:g}" width="{WIDTH}" height="{BOX}" rx="6" fill="{fill}" stroke="#444"/>'
    yield _text(left + 14, top + 24, config.name, weight="bold")
    yield _text(left + 14, top + 44, {"python": "Python", "onnxruntime": "ONNX"}[config.backend])


def _wrapped(names: list[str]) -> Iterator[str]:
    line = ""
    for name in names:
        if line and len(line) + len(name) > CHARACTERS:
            yield line + ","
            line = ""
        line += f", {name}" if line else name
    yield line


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-weight="{weight}" fill="#222">{escape(text)}</text>'


def _line(x: float, top: float, bottom: float) -> str:
    return f'<path d="M{x:g},{top:g} V{bottom:g}" stroke="#444" fill="none"/>'


def _arrow(x1: float, y1: float, x2: float, y2: float, *, dashes: bool = False) -> str:
    style = ' stroke-dasharray="5 4"' if dashes else ""
    return f'<path d="M{x1:g},{y1:g} L{x2:g},{y2:g}" stroke="#444" fill="none" marker-end="url(#tip)"{style}/>'


if __name__ == "__main__":
    PICTURE.write_text(draw(ROOT / "model_repository"), encoding="utf-8")
