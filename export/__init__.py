"""The exporter, `python -m export`: published weights → ONNX graphs with one contract → version directories.

__main__.py    the command line
sources.toml   where weights come from, and how they are recognized
choices.py     what can be chosen, each with its family's build function
own_files.py   PP-OCR files of the user's own, as choices
languages.py   what recognizers read
weights.py     the files of a choice: downloaded, or the user's own
ppocr.py, east.py, english_g2.py, resnet_ctc.py
               a model family each: its weights, its original pre- and post-processing, what it asks of the steps
contract.py    what every family hands over
torch_export.py, torch_networks
               PyTorch checkpoints: this side, and the side where torch is
east_tensorflow.py
               the same for TensorFlow
environment.py virtual environments for frameworks that only an export needs
east_boxes.py  EAST's boxes as OpenCV decodes them, to hold ours against

graph.py       rewriting: uint8 RGB in, maps or argmax out, no denormal weights
pruning.py     channels that the weights have left dead
cpu.py         the CPU graphs: in float32 (model.onnx), and which layers run in int8 (model.cpu.onnx)
shortcuts.py   the same values with fewer passes over memory, for both
calibration.py the values that a network's tensors take on the samples
quantization.py scales, zero points, and the error of rounding
int8_layers.py int8 layers in the place of float32 ones
int8_layouts.py layouts of maps in which ONNX Runtime is fast in int8
channels_last.py maps that stay as int8 products take and give them
groups.py      calls that a recognizer reads in groups, for CPUs
argmax.py      a fast argmax over thousands of classes, for CPUs and for CUDA
exact_int8.py  an int8 graph's exact equivalent on processors without VNNI
gpu.py         the GPU graph for TensorRT (model.gpu.onnx): which nodes run in float16
cuda.py        the CUDA graph (model.cuda.onnx): faster kernels, fixed shapes
fixed_shapes.py a network in few fixed shapes
exact_half.py  a float16 graph's exact equivalent on CPUs
cuda_kernels.py which nodes the provider for GPUs computes, by cuda_kernels.csv

build.py       a pair built, verified, and given its CPU and GPU graphs
verify.py      the rewritten graph against the original: names, axes, values, decisions
likeness.py    a graph for CPUs or GPUs against the rewritten one: the same boxes and texts
nodes.py       nodes that are being written
runtime.py     ONNX Runtime, with one kind of error

repository.py  version directories, complete or absent
further_language.py  the recognizer of a further language, beside the default pair
transaction.py files and folders replaced, all or none
templates.py   configurations and Python steps, copied and kept up to date
provenance.py  what decides an export
manifest.py    what an export was made from and wrote, for the next run
errors.py      the one error of this package
"""
