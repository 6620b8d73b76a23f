"""RapidOCR with its default settings: PP-OCRv6 small on ONNX Runtime."""

from collections.abc import Callable, Iterator

from rapidocr import RapidOCR

from benchmarks.baselines.engines.pipe import Found, answer


def start() -> Callable[[bytes], Iterator[Found]]:
    """Make the engine."""
    engine = RapidOCR()

    def read(encoded: bytes) -> Iterator[Found]:
        result = engine(encoded)
        if result.txts is not None:
            yield from zip(result.txts, result.boxes.tolist(), strict=True)

    return read


if __name__ == "__main__":
    answer(start)
