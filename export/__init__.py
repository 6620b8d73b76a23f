"""The exporter, `python -m export`: published weights → ONNX graphs with one contract → version directories.

sources.toml   where weights come from, and how they are recognised
choices.py     what can be chosen, each with its family's build function
ppocr.py       a model family: its weights and its original pre- and post-processing
graph.py       rewriting: uint8 RGB in, maps or arg-max out, no denormal weights
verify.py      the rewritten graph against the original: names, axes, values, decisions
repository.py  version directories, complete or absent
"""
