"""How the OCR models are launched on Triton: the same on a bare machine, in the image and for benchmarks.

    machine.py       what this machine offers: cores, a quota of them, a GPU, VNNI, shared memory
    profiles.py      which profile suits it: cpu, gpu, tensorrt, or the files as they are
    layout.py        how many instances and threads each model gets, and the repository that says so
    repository.py    the exported models: which there are, their configurations and graphs
    model_config.py  one model's configuration as a ModelConfig message: read, changed, written
    triton_flags.py  the flags of tritonserver that every launch needs
    serve.py         `ocr-serve`, the image's command
    health.py        `ocr-health`, the image's health check
    errors.py        why a server cannot start

`server/` adds what a bare machine needs: the binary itself and a backend for ONNX.
"""
