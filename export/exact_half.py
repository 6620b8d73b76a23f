"""What a float16 graph computes on a GPU, for checks on CPUs.

On processors without arithmetic in float16, ONNX Runtime computes such a graph in float32 and leaves out the rounding
in between: 0.3 + 1000 - 1000 is 0.29999, not 0.5. Here every value that would be float16 is rounded to it; sums inside
a node are in float32.
"""

from collections.abc import Iterator

from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, shape_inference

from export import graph


def rounding(model: ModelProto) -> ModelProto:
    """A copy of a float16 graph in float32 that rounds to float16 after each node that gives it."""
    exact = shape_inference.infer_shapes(model)
    halves = {v.name for v in exact.graph.value_info if v.type.tensor_type.elem_type == TensorProto.FLOAT16}
    for tensor in exact.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype("float32"), tensor.name))
    graph.set_nodes(exact, [new for node in exact.graph.node for new in _rounded(node, halves)])
    del exact.graph.value_info[:]
    return exact


def _rounded(node: NodeProto, halves: set[str]) -> Iterator[NodeProto]:
    names = [name for name in node.output if name in halves]
    # Its output is float16 whatever goes in.
    is_half = node.op_type == "Constant" or graph.casts_to(node, TensorProto.FLOAT16)
    for place, name in enumerate(node.output):
        if name in halves:
            node.output[place] = f"{name}_half" if is_half else f"{name}_unrounded"
    yield node
    for name in names:
        if not is_half:
            yield helper.make_node("Cast", [f"{name}_unrounded"], [f"{name}_half"], to=TensorProto.FLOAT16)
        yield helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT)
