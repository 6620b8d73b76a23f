"""A real Triton Inference Server on a bare machine: `python -m server`.

The server's binary comes from a wheel of a package registry. It has the Python backend but no ONNX backend;
backends/onnxruntime/model.py, a Python-based backend, takes the native one's place and reads the same configuration.

__main__.py      the command line
triton.py        one Triton process: started, waited for, stopped
installation.py  the server's files: fetched, unpacked, put together
requirements.py  what the machine and this Python must have
diagnosis.py     what a failed start means
sources.toml     where the binary comes from
find_python.sh   the Python for make
fetch_python.sh  one more, where this machine has none that fits
"""
