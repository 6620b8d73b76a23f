"""The end of a recognizer: the product that gives its thousands of classes, and a fast argmax over them."""

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from export import graph
from export.int8_layers import Layer

# Number of rows in which the classes are laid out for the argmax.
ROWS = 16
# Logit of the classes that fill the last row.
NEVER = -1e4


def find(model: ModelProto) -> Layer | None:
    """The product that gives the classes' logits (N, T, classes), filled up to whole rows; None if there is none."""
    makers = graph.makers(model)
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    arg_max = next((node for node in model.graph.node if node.op_type == "ArgMax"), NodeProto(input=[""]))
    add = makers.get(arg_max.input[0], NodeProto())
    product = next((makers[name] for name in add.input if name in makers), NodeProto())
    bias = next((weights[name] for name in add.input if name in weights), None)
    if add.op_type != "Add" or product.op_type != "MatMul" or bias is None or product.input[1] not in weights:
        return None
    missing = -len(bias) % ROWS
    return Layer(
        product.input[0],
        (product.output[0], add.output[0]),
        np.pad(weights[product.input[1]].T, ((0, missing), (0, 0))),
        np.pad(bias, (0, missing), constant_values=np.float32(NEVER)),
        rank=3,
    )


def join_bias(model: ModelProto, classes: Layer) -> None:
    """Let the product in float32 add the bias, as the weights of one more channel, which is 1: no pass for an addition.

    Args:
        model: Changed in place.
        classes: As `find` gives them.
    """
    product, logits = classes.outputs
    constants = {
        "weights": np.concatenate([classes.weights, classes.bias[:, None]], axis=1).T,
        "one": np.float32(1),
        "channel": np.array([*[0] * (2 * classes.rank - 1), 1], np.int64),
    }
    for name, value in constants.items():
        graph.add_initializer(model, f"classes_{name}", value)
    made = [
        helper.make_node("Pad", [classes.input, "classes_channel", "classes_one"], ["classes_input"]),
        helper.make_node("MatMul", ["classes_input", "classes_weights"], [logits]),
    ]
    graph.replace_nodes(model, {product: [], logits: made})


def speed_up(model: ModelProto, classes: int) -> None:
    """On CPUs: find the argmax by its column and then its row, and its probability only where it is not the blank.

    ReduceMax is much faster than ArgMax, and a softmax costs as much as the product before it. No one asks for the
    probability of the blank: it is 0.

    Args:
        model: Changed in place; ends as `graph.give_argmax` makes it.
        classes: Their number, a multiple of `ROWS`.
    """
    arg_max = next(node for node in model.graph.node if node.op_type == "ArgMax")
    softmax = next(n for n in model.graph.node if n.op_type == "Softmax" and n.input[0] == arg_max.input[0])
    reduced = next(node for node in model.graph.node if softmax.output[0] in node.input)
    columns = classes // ROWS
    constants = {
        "rows_shape": [0, 0, ROWS, columns],
        "row_axis": [2],
        "each_row": [1, 1, ROWS, 1],
        "columns": [columns],
        "last_axis": [-1],
        "first_place": [[0, 0]],
    }
    for name, value in constants.items():
        graph.add_initializer(model, name, np.array(value, np.int64))
    index = [
        helper.make_node("Reshape", [arg_max.input[0], "rows_shape"], ["logit_rows"]),
        helper.make_node("ReduceMax", ["logit_rows", "row_axis"], ["best_of_columns"], keepdims=0),
        helper.make_node("ArgMax", ["best_of_columns"], ["column"], axis=2, keepdims=1),
        helper.make_node("Unsqueeze", ["column", "row_axis"], ["column_of_row"]),
        helper.make_node("Tile", ["column_of_row", "each_row"], ["column_of_rows"]),
        helper.make_node("GatherElements", ["logit_rows", "column_of_rows"], ["best_column"], axis=3),
        helper.make_node("ArgMax", ["best_column"], ["row"], axis=2, keepdims=0),
        helper.make_node("Mul", ["row", "columns"], ["row_start"]),
        helper.make_node("Add", ["row_start", "column"], ["class"]),
        helper.make_node("Squeeze", ["class", "row_axis"], [arg_max.output[0]]),
    ]
    probability = [
        helper.make_node("Cast", [arg_max.output[0]], ["is_character"], to=TensorProto.BOOL),
        helper.make_node("Cast", ["is_character"], ["one_for_characters"], to=TensorProto.FLOAT),
        helper.make_node("NonZero", ["is_character"], ["places_last"]),
        helper.make_node("Transpose", ["places_last"], ["places_of_characters"], perm=[1, 0]),
        # Never none: ONNX Runtime 1.27, which the image has, does not reduce what has no elements.
        helper.make_node("Concat", ["first_place", "places_of_characters"], ["places"], axis=0),
        helper.make_node("GatherND", [arg_max.input[0], "places"], ["character_logits"]),
        helper.make_node("Softmax", ["character_logits"], ["character_probabilities"], axis=1),
        helper.make_node("ReduceMax", ["character_probabilities", "last_axis"], ["best_probabilities"], keepdims=0),
        helper.make_node("ScatterND", ["one_for_characters", "places", "best_probabilities"], ["probabilities"]),
        helper.make_node("Mul", ["probabilities", "one_for_characters"], [reduced.output[0]]),
    ]
    replaced = {arg_max.output[0]: index, softmax.output[0]: [], reduced.output[0]: probability}
    graph.replace_nodes(model, replaced)


def take_top(model: ModelProto) -> None:
    """With CUDA: find the argmax by TopK, and its probability in the same place.

    ONNX Runtime leaves ArgMax over so many classes to cuDNN, in which an H200 spent 1.9 of a call's 5 ms; for the
    greatest few of many it has a kernel of its own.

    Args:
        model: Changed in place, if it is a recognizer that ends in the two.
    """
    arg_max = next((node for node in model.graph.node if node.op_type == "ArgMax"), None)
    reduced = graph.makers(model).get("confidences", NodeProto())
    if arg_max is None or reduced.op_type != "ReduceMax":
        return
    graph.add_initializer(model, "top_one", np.array([1], np.int64))
    graph.add_initializer(model, "top_shape", np.array([0, -1], np.int64))
    index = [
        helper.make_node("TopK", [arg_max.input[0], "top_one"], ["top_values", "top_places"], axis=2),
        helper.make_node("Reshape", ["top_places", "top_shape"], [arg_max.output[0]]),
    ]
    probability = [
        helper.make_node("GatherElements", [reduced.input[0], "top_places"], ["top_probabilities"], axis=2),
        helper.make_node("Reshape", ["top_probabilities", "top_shape"], [reduced.output[0]]),
    ]
    graph.replace_nodes(model, {arg_max.output[0]: index, reduced.output[0]: probability})
