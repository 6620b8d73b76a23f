"""Log lines as JSON, one object a line, for programs that collect logs.

Triton writes its lines in a format of its own, and what it starts writes as it likes. So a process of its own reads all
that the server and `ocr-serve` write, and writes it as JSON: `python -m ocr_launch.json_log < triton.log` does it for a
file.
"""

import atexit
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from ocr_launch.errors import StartError

TEXT, JSON = "text", "json"
# `E1126 11:56:24.277919 20300 triton.py:145] "request 'scan-7': …"`: level, date, time, process, source, message.
TRITON = re.compile(r"(?P<level>[IWEFV])\d{4} [\d:.]+ \d+ (?P<source>[\w.]+:\d+)\] (?P<message>.*)", re.DOTALL)
LEVELS = {"I": "info", "W": "warning", "E": "error", "F": "critical", "V": "debug"}
# As ocr_core/triton.py begins what it logs of a request; repr quotes an id that holds quotes.
REQUEST = re.compile(r"request (?P<id>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"): (?P<rest>.*)", re.DOTALL)
# What is left to write when the server has ended.
END_S = 5


def begin(asked: str | None) -> None:
    """From here on, have this process and those that it starts write in the format that is asked for.

    Args:
        asked: What `OCR_LOG_FORMAT` says, if anything.

    Raises:
        StartError: There is no such format.
    """
    if (asked or TEXT) not in (TEXT, JSON):
        raise StartError(f"OCR_LOG_FORMAT is {asked!r}; it must be {TEXT} or {JSON}")
    if asked != JSON:
        return
    # In a session of its own: Ctrl-C is for the server, whose last words are still to be written.
    writer = subprocess.Popen(
        [sys.executable, "-m", "ocr_launch.json_log"], stdin=subprocess.PIPE, start_new_session=True
    )
    assert writer.stdin  # noqa: S101 - a pipe was asked for
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(writer.stdin.fileno(), stream.fileno())
    writer.stdin.close()
    atexit.register(_end, writer)


def described(line: str, now: datetime) -> dict[str, str]:
    r"""What a line says.

    Args:
        line: Without its end.
        now: When it was written.

    >>> line = 'E1126 11:56:24.277919 203 triton.py:145] "request \'scan-7\': text_recognition: down"'
    >>> described(line, datetime(2026, 11, 26, 11, 56, 25, tzinfo=timezone.utc)) == {
    ...     "time": "2026-11-26T11:56:25.000+00:00", "level": "error", "source": "triton.py:145",
    ...     "request_id": "scan-7", "message": "text_recognition: down"}
    True
    """
    told = {"time": now.isoformat(timespec="milliseconds")}
    message = line
    if found := TRITON.fullmatch(line):
        told |= {"level": LEVELS[found["level"]], "source": found["source"]}
        message = _unquoted(found["message"])
    elif line.startswith("ocr-serve: "):
        told |= {"level": "warning", "source": "ocr-serve"}
        message = line.removeprefix("ocr-serve: ")
    if found := REQUEST.fullmatch(message):
        told["request_id"] = found["id"][1:-1]
        message = found["rest"]
    return {**told, "message": message}


def converted(lines: Iterable[str]) -> Iterator[str]:
    """JSON for each line that is not empty."""
    for line in lines:
        if line.strip():
            yield json.dumps(described(line.rstrip("\n"), datetime.now(timezone.utc)), ensure_ascii=False)


def main() -> None:
    """Convert what comes in, until nobody writes any more."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    for line in converted(sys.stdin):
        print(line, flush=True)


def _unquoted(message: str) -> str:
    """A message as it was, before Triton escaped it into one line."""
    try:
        return str(json.loads(message)) if message.startswith('"') else message
    except ValueError:
        return message


def _end(writer: "subprocess.Popen[bytes]") -> None:
    """Wait until all has been written."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.close(stream.fileno())
    try:
        writer.wait(END_S)
    except subprocess.TimeoutExpired:  # somebody still holds the pipe
        writer.kill()


if __name__ == "__main__":
    main()
