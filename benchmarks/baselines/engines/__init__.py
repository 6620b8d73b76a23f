"""What runs in an engine's process.

    pipe.py           paths in, lines of JSON out
    rapid.py          RapidOCR
    faster_paddle.py  faster-paddle
    two_requests.py   a client that calls detector and recognizer itself, as the first part of Triton's conceptual guide

The first three import nothing of this project that an engine's environment lacks.
"""
