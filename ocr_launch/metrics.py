"""What the supervisor counts, in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterator, Mapping

from ocr_launch import run_state
from ocr_launch.run_state import RunState
from ocr_launch.usage import Usage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Samples = Mapping[str, float]
"""Values by their labels, as they are written."""


def text(state: RunState, usage: Usage, *, is_ready: bool) -> str:
    """The metrics of a supervised server.

    Args:
        state: What the supervisor knows.
        usage: What the server takes.
        is_ready: Triton lets requests into the ensemble; it does not when somebody has unloaded one of its models.

    >>> state = RunState("serving", "", 0, process_restarts={"ctc_decoding": 2})
    >>> print(text(state, Usage({}, 0, 0), is_ready=True).splitlines()[2])
    ocr_process_restarts_total{process="ctc_decoding"} 2
    """
    return "".join(f"{line}\n" for line in (*_lines(state, is_ready), *_usage_lines(usage)))


def _lines(state: RunState, is_ready: bool) -> Iterator[str]:
    restarts = {_label("process", name): count for name, count in sorted(state.process_restarts.items())}
    refused = {_label("reason", "overloaded"): state.refused, _label("reason", "deadline_exceeded"): state.late}
    is_up = int(state.state == run_state.SERVING and is_ready)
    yield from _metric("ocr_process_restarts_total", "Processes of a model, or the gate, were started anew.", restarts)
    yield from _metric("ocr_server_restarts_total", "The whole server was started anew.", {"": state.server_restarts})
    yield from _metric("ocr_pages_refused_total", "Pages without a place, or too late.", refused)
    yield from _metric("ocr_pages", "Pages in the pipeline.", {"": state.pages})
    yield from _metric("ocr_pages_limit", "Pages that may be in the pipeline.", {"": state.places})
    yield from _metric("ocr_up", "Whether the server takes pages, with all of its processes.", {"": is_up})


def _usage_lines(usage: Usage) -> Iterator[str]:
    own = {_label("process", name): size for name, size in sorted(usage.process_bytes.items())}
    yield from _metric("ocr_process_memory_bytes", "Memory of a model's processes, without what they share.", own)
    yield from _metric("ocr_shared_memory_bytes", "What is used of /dev/shm.", {"": usage.shared_bytes})
    yield from _metric("ocr_shared_memory_limit_bytes", "The size of /dev/shm.", {"": usage.shared_limit_bytes})


def _metric(name: str, meaning: str, samples: Samples) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}"
    yield from (f"{name}{labels} {value}" for labels, value in samples.items())


def _label(name: str, value: str) -> str:
    return f'{{{name}="{value}"}}'
