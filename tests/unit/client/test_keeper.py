"""What starts a server on a node, and ends it with whoever has asked for it."""

import subprocess
import sys

KEEPER = (sys.executable, "-m", "ocr_client.ray.keeper", sys.executable, "-c")
# Says that it runs, and does so for ever.
RUN = "import signal, sys; print('running', file=sys.stderr, flush=True); signal.pause()"


def keep(code: str) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen([*KEEPER, code], stdin=pipe, stdout=pipe, stderr=pipe)  # noqa: S603 - our own


def test_a_command_ends_with_whoever_has_started_it() -> None:
    with keep(RUN) as keeper:
        assert keeper.stdin
        assert keeper.stdout
        assert keeper.stderr
        assert keeper.stderr.readline() == b"running\n"
        keeper.stdin.close()
        # The command has the other end of this pipe.
        assert keeper.stderr.read() == b""
        assert keeper.stdout.read() == b""


def test_the_last_words_of_a_command_are_its_own() -> None:
    with keep("raise SystemExit('no models')") as keeper:
        assert keeper.stdout
        assert keeper.stderr
        # The end of the keeper, while its own input is still open.
        assert keeper.stdout.read() == b""
        assert keeper.stderr.read() == b"no models\n"
