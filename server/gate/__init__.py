"""The embedded server's doors for HTTP: a reverse proxy that lets through what Triton 2.51 withstands.

checks.py     what a request may ask for, without I/O
proxy.py      bodies read within bounds, passed on with a length; answers passed back as they come
__main__.py   the process: `python -m server.gate`

Newer Tritons bound much of this themselves, so the image has no gate. `ocr_launch.gate` keeps the process alive.
"""
