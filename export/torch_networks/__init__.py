"""Recognizers that are published as PyTorch checkpoints: what runs where torch is, in an environment of its own.

__main__.py    one checkpoint → an ONNX file, or → what the network itself reads
checkpoint.py  a .pth file into a network: tensors only, every name and shape as published
contract.py    what both recognizers have round them: grey and scaling before, the argmax after
resnet_ctc.py, english_g2.py  the networks

The exporter imports nothing of this; `export/torch_export.py` runs it.
"""
