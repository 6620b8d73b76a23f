"""The exporter, `python -m export`: published weights → ONNX graphs with one contract → version directories.

sources.toml   where weights come from, and how they are recognized
choices.py     what can be chosen, each with its family's build function
weights.py     the files of a choice, from there or the user's own
ppocr.py, east.py, english_g2.py, resnet_ctc.py
               a model family each: its weights and its original pre- and post-processing
torch_export.py, torch_networks
               PyTorch checkpoints: this side, and the side where torch is
east_tensorflow.py
               the same for TensorFlow
east_boxes.py  EAST's boxes as OpenCV reads them, to hold ours against
pruning.py     channels that the weights have left dead
environment.py virtual environments for frameworks that only an export needs
runtime.py     ONNX Runtime, with one kind of error
graph.py       rewriting: uint8 RGB in, maps or arg-max out, no denormal weights
verify.py      the rewritten graph against the original: names, axes, values, decisions
repository.py  version directories, complete or absent
"""
