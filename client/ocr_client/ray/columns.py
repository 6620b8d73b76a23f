"""The columns of an archive: a row for each page."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ocr_client.cli.outcomes import Outcome
from ocr_client.results import Line, Quad, Word

_QUAD = pa.list_(pa.float32())
_WORD = pa.struct({"text": pa.string(), "confidence": pa.float32(), "quad": _QUAD})
_LINE = pa.struct(
    {
        "text": pa.string(),
        "confidence": pa.float32(),
        "quad": _QUAD,
        "score": pa.float32(),
        "block": pa.int32(),
        "words": pa.list_(_WORD),
    }
)
_UNREAD = pa.struct({"quad": _QUAD, "reason": pa.string()})

SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("number", pa.int32(), nullable=False),
        pa.field("count", pa.int32(), nullable=False),
        ("error", pa.string()),
        ("error_kind", pa.string()),
        ("kept", pa.bool_()),
        ("text", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("dpi", pa.float32()),
        ("angle", pa.int32()),
        ("skew", pa.float32()),
        ("confidence", pa.float32()),
        ("lines", pa.list_(_LINE)),
        ("unread", pa.list_(_UNREAD)),
    ]
)


def row(outcome: Outcome) -> dict[str, Any]:
    """The row of a page, by the names of `SCHEMA`; what is not known is left out."""
    cells: dict[str, Any] = {"source": outcome.file.name, "number": outcome.number, "count": outcome.count}
    if outcome.error is not None:
        return {**cells, "error": str(outcome.error), "error_kind": type(outcome.error).__name__}
    if outcome.result is None or outcome.kept:
        return {**cells, "kept": outcome.kept}
    page = outcome.result.page
    cells |= {"kept": False, "text": page.text, "width": page.width, "height": page.height}
    if outcome.result.is_dpi_known:
        cells["dpi"] = outcome.result.dpi
    if page.facts:
        cells |= {name: getattr(page.facts, name) for name in ("angle", "skew", "confidence")}
    cells["lines"] = [_line(line) for line in page.lines]
    cells["unread"] = [{"quad": _flat(each.quad), "reason": each.reason} for each in page.unread or ()]
    return cells


def failed_row(source: str, error: str, kind: str) -> dict[str, Any]:
    """The row of a file of which not even the number of pages is known."""
    return {"source": source, "number": 1, "count": 1, "error": error, "error_kind": kind}


def table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as they are written."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def _line(line: Line) -> dict[str, Any]:
    words = None if line.words is None else [_word(word) for word in line.words]
    return {
        "text": line.text,
        "confidence": line.confidence,
        "quad": _flat(line.quad),
        "score": line.score,
        "block": line.block,
        "words": words,
    }


def _word(word: Word) -> dict[str, Any]:
    return {"text": word.text, "confidence": word.confidence, "quad": _flat(word.quad)}


def _flat(quad: Quad) -> list[float]:
    return [coordinate for corner in quad for coordinate in corner]
