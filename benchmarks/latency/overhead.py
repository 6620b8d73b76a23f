"""What a server adds to the parts of the pipeline."""

from collections.abc import Mapping

from benchmarks.common.server_statistics import Statistics
from benchmarks.latency.parts import PARTS
from ocr_launch.names import ENSEMBLE

Times = dict[str, float]

# Kind of overhead, in the order of a request → what it is.
OVERHEADS = {
    "overhead: client, HTTP": "the client's time without the server's, by its own clock",
    "overhead: waiting": "for an instance of a step",
    "overhead: between steps": "scheduling, copies of tensors into and out of the memory shared with a step's process",
    **{f"overhead: {step}": f"in the step, beyond {' + '.join(parts)}" for step, parts in PARTS.items()},
}


def overheads(request_ms: float, work: Statistics, parts_ms: Mapping[str, float]) -> Times:
    """What a server added to one request, milliseconds.

    Args:
        request_ms: From sending to the answer.
        work: What the models did for it.
        parts_ms: The parts in one process; where a part took longer there than in the server, its overhead is negative.
    """
    steps = [work[step] for step in PARTS]
    added_ms = (
        request_ms - work[ENSEMBLE].total_ms,
        sum(step.queue_ms for step in steps),
        work[ENSEMBLE].total_ms - sum(step.queue_ms + step.infer_ms for step in steps),
        *(work[step].infer_ms - sum(parts_ms[part] for part in parts) for step, parts in PARTS.items()),
    )
    return dict(zip(OVERHEADS, added_ms, strict=True))
