"""The embedded server's doors: reverse proxies that let through what Triton 2.51 withstands.

checks.py     what a request may ask for, without I/O; messages.py the same for gRPC
proxy.py      HTTP: bodies read within bounds, passed on with a length; answers passed back as they come
calls.py      gRPC: messages passed both ways as they are; room.py bounds how much is held of them
__main__.py   the process: `python -m server.gate`

Newer Tritons bound much of this themselves, so the image has no gate. `ocr_launch.gate` keeps the process alive.
"""
