"""The doors of a server: reverse proxies that let through `ocr_ensemble`, and what Triton withstands.

checks.py     what a request may ask for, without I/O; messages.py the same for gRPC
proxy.py      HTTP: bodies read within bounds, passed on with a length; answers passed back as they come
calls.py      gRPC: messages passed both ways as they are; room.py bounds how much is held of them
line.py       lets refused requests wait, and asks again for them in turn; refusals.py counts those who waited in vain
__main__.py   the process: `python -m ocr_gate`

Triton has no means to keep callers from the models inside an ensemble. `ocr_launch.gate` keeps the process alive.
"""
