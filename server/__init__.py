"""A real Triton Inference Server on a bare machine: `python -m server`.

The server's binary comes from a wheel of a package registry. It has the Python backend but no ONNX backend;
backends/onnxruntime/model.py, a Python-based backend, takes the native one's place and its configuration.
"""
