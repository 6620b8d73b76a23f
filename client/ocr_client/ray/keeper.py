"""`python -m ocr_client.ray.keeper COMMAND` runs it until standard input ends, which it does with whoever started this.

An actor of Ray may be killed at any time; what it has started must not go on without it.
"""

import os
import subprocess
import sys
import threading


def main() -> None:
    """Run the command; end it in order when nobody wants it any more."""
    # Ray kills the children of a worker that ends; a grandchild has the time to end the command.
    if os.fork():
        os._exit(0)
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=sys.stderr)  # noqa: S603  the user's own
    threading.Thread(target=_end, args=(process,), daemon=True).start()
    sys.exit(process.wait())


def _end(process: "subprocess.Popen[bytes]") -> None:
    # Without Python's buffer: its lock would be in the way when the command has ended, and this process ends.
    while os.read(sys.stdin.fileno(), 1024):
        pass
    process.terminate()


if __name__ == "__main__":
    main()
