"""Others who read images, each in a process of its own.

    reader.py         what runs in a peer's process: paths in, lines of JSON out
    rapid.py          RapidOCR
    faster_paddle.py  faster-paddle
    two_requests.py   a client that calls detector and recognizer itself, as the conceptual guide's first part does
    peer.py           the other end of the pipe
    known.py          which peers there are, and what they need

The first four import nothing of this project that a peer's environment has not.
"""
